"""The crawl on several machines: `collect` owns the database and hands out requests, any number of workers makes them.

wire     what is sent between them
line     how PostgreSQL is reached, and what its errors mean
sql      its table, and the longer statements
engine   the queue: procrastinate's jobs in PostgreSQL, and beside them parcels, what is sent by name
hub      what is asked of the workers, and what they answer
remote   a Fetcher whose requests are made, and whose pages are read, by workers
reads    how pages of archives are sent, and what is done with them
crew     a Pool whose processes are the workers
worker   who makes the requests, and reads
watch    how the fleet stands
"""
