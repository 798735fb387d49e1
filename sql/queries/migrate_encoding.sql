-- How this database stores text.
SELECT d.datname, pg_encoding_to_char(d.encoding) AS encoding FROM pg_database d WHERE d.datname = current_database();
