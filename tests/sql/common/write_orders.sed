# write_orders for tests, whose rows have their payload in them: takes it out as the worker does.
s/\$2::text/(SELECT string_agg(coalesce(r.entry ->> 'payload', 'null'), E'\\x1e' ORDER BY r.place) FROM json_array_elements($1::json) WITH ORDINALITY AS r (entry, place))/
