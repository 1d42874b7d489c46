"""The crawl on several machines: `collect` owns the database and hands out requests, any number of workers makes them.

wire     what is sent between them
engine   the queue: procrastinate's jobs in PostgreSQL, and beside them parcels, what is sent by name
remote   a Fetcher whose requests are made, and whose pages are read, by workers
worker   who makes and reads them
"""
