"""The rooms behind the database: records in, rows out."""
