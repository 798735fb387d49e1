-- Quotes past their time.
SELECT koppeling.drop_old_quotes();
