"""`kuaixun serve`: pages to look at, of what is stored. All of it is untrusted text.

state       what a page is asked for: all of it stands in the address
safe        stored text as a page may show it
words       the words of the interface, in Chinese and English
glosses     reasons and evidence, which are English, in the language of the interface
changes     what differs between two texts
pictures    a row of numbers as a picture
pages       what each page shows: decided from rows
origin      an article's page read again from the archive: evidence, lists
look        templates and the style sheet
reader      connections that only read
site        an address to an answer
gate        who may ask, how, and what every answer says of itself
theirs      Datasette's own pages: what they read, what is said of their faults
files       answers that are files: whole, or visibly broken off
plugin      makes Datasette ours; with `theirs` the only room that knows it
"""
