-- Credits that are not understood are warned of. An order list that is mostly too old is read whole once a day.

INSERT INTO koppeling.order_warning (code, prevents_dispatch, nl, en, what_to_do_nl, what_to_do_en) VALUES
    ('credits_not_understood', false,
     'niet te lezen is welke creditorders bij de bestelling horen',
     'which credit orders belong to the order cannot be read',
     'Kijk in Mijnwebwinkel wat er van de bestelling gecrediteerd is voordat u inpakt.',
     'See in Mijnwebwinkel what of the order was credited before you pack it.');

-- The words of the check are the codes that there are by now, whichever migrations brought them.
DO $$
BEGIN
    ALTER TABLE koppeling.imported_order DROP CONSTRAINT imported_order_warnings_are_known;
    EXECUTE format('ALTER TABLE koppeling.imported_order ADD CONSTRAINT imported_order_warnings_are_known '
                   'CHECK (warnings <@ %L::text[])',
                   (SELECT array_agg(w.code ORDER BY w.code) FROM koppeling.order_warning w));
END
$$;

COMMENT ON COLUMN koppeling.imported_order.credit_order_numbers IS
    'Credit orders that existed for it when it was imported: partly refunded. What came instead of a number is kept as '
    'its JSON, with the warning credits_not_understood.';

ALTER TABLE koppeling.integration ADD COLUMN listed_whole_at timestamptz;
COMMENT ON COLUMN koppeling.integration.listed_whole_at IS
    'When a poll last walked the whole list of open orders, too old ones as well. Where these fill a page and more, '
    'the polls within a day of that leave them out (start_date).';
