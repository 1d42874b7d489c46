"""The way in: source -> frontier -> fetch -> decode -> extract -> dedupe -> store. This is the map of its rooms.

What goes from step to step:
  page        requests, pages, documents, and what was extracted of them; the errors
  tally       the events of a pass, and its sums
  urls        addresses resolved and compared
  shapes      what an address looks like: an article, a list, page 3 of something

Asking with manners:
  trainers    what a robots.txt says to crawlers that gather for training
  rights      what was said about the use of articles, and what of it is an order
  robots      what may be asked, and how fast
  guard       which network addresses may be connected to
  answer      what an HTTP answer is made of
  transport   what carries a request: the only room that knows aiohttp
  fetch       one GET at a time, in the API of httpx
  ask         robots.txt first, pauses, redirects
  keep        answers into the archive
  frontier    what next, and when
  pace        how fast each host, and how much of it
  turns       whose turn it is
  twins       which addresses are one article by another way in
  beat        publishers that write by the clock: when the next item comes
  rhythm      when the items of a list come, and so when to look again
  gaps        when a list was not seen, and why
  paging      what a list says about its source, and what may have scrolled off

Reading:
  decode      bytes to text
  feeds       feeds and sitemaps
  parse       text to Lexbor's tree, with limits
  tags        what the walk does with each tag
  tree        a page as arrays
  gather      lines, links and pictures, as the walk passes them
  walk        one pass over the tree that fills them
  view        what every rule gets to see
  names       what the class and id of an element say
  patterns    long alternations that cost little
  phrases     phrases that are no part of a story
  times       times in text
  zones       the zones that such times name
  stamps      the times of list items
  box         the box that holds the story
  prune       what goes out of that box
  trim        which single lines go
  fields      each field of an article: one file, its rules in order
  markdown    the body as Markdown
  headlines   the link lists
  ads         how much a title or an article looks like advertising
  extract     all of these together: a document to article and headlines
  refusals    pages that answer 200 and are no articles
  links       the addresses that are worth asking next
  signs       what a page yielded, as signs of whether its site is read as before
  rules       the version of the rules that pages are read by
  reading     an answer to what is to be stored

A site that nobody knows yet:
  sighting    one page of it, and all of its pages together
  pieces      addresses in pieces, and what those are made of
  stencil     the pattern of its article addresses, from examples
  discover    which of its pages to look at, and what they say
  trial       the articles that are tried
  survey      what was found out, and how sure that is
  scout       asking for them, fifteen at most
  opml        the subscriptions of feed readers

The main path:
  notes       what is written down of a visit
  visit       ask for one address, read it, store it
  crawl       one pass until nothing is due
  timetable   what is called when: the only room that knows apscheduler
  chores      copies, forgetting, checks: the work that a daemon does besides
  clockwork   whether the clock was set, or the machine slept
  signals     signals as events, and work in threads
  vitals      what the daemon does in numbers, and what of it hangs
  watchdog    a thread that says what hangs
  service     signs of life, /healthz and /metrics: the only room that knows prometheus_client
  resume      what a start goes on from
  upkeep      what is put right between two passes: clock, settings, hosts
  errands     the chores as they are done
  payload     what a notice of a saved search says
  notices     what came in that saved searches find, into the outbox
  couriers    one POST to a webhook, one program that is run
  delivery    what waits in the outbox, sent and tried again
  postman     all of that in the daemon, beside the crawl
  doctor      what is wrong around the database, and what helps
  schedule    the daemon
  fleet       the same crawl on several machines, by a queue in PostgreSQL

Pages that are there already:
  pool        the same work on many things, on all cores
  bring       the pages of foreign archives
  compare     what another reading of an article changes
  selectors   CSS selectors that find a box of a page for long
  spots       where the known values of an article stand in a page
  mend        selectors for a site whose template changed
  reread      an article read again from the archive
  reextract   all of them, and the changes written

The command line, and what it shows:
  cli         the command `kuaixun`, and where every error ends
  console     exit codes, common options
  commands    one file a command
  screen      lines, tables and times for people
  board       what the live status shows, and in which order
  present     an extraction as JSON, text, Markdown or an account of its reasons
  web         the pages of `kuaixun serve`
  demo        the small news web of `kuaixun demo`
  bench       how good and how fast the extraction is
  metrics     the measures of one page
  peers       other extractors that are installed beside
"""
