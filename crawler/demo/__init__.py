"""A small news web that ships inside the package, so that `kuaixun demo` and the tests need no network.

texts      the articles, out of TOML files: plain records
pages      records to HTML, in three themes
site       the whole web as a mapping from (host, path) to a response: pure
truth      what a perfect crawl of it finds
server     the mapping behind loopback addresses
run        serve it, crawl it, and sum up what was found

Every company, person and place in it is invented.
"""
