-- An order whose country is not known is not put at Boekuwzending, which would take it for the Netherlands; one that is
-- there already leaves.

UPDATE koppeling.order_warning w
SET what_to_do_nl =
        'Kies bij de bestelling in Mijnwebwinkel het land uit de lijst; de wijziging komt vanzelf hierheen. Tot dan '
        'staat de bestelling niet in de lijst bij Boekuwzending, waar zij naar Nederland zou gaan.',
    what_to_do_en =
        'Choose the country from the list with the order in Mijnwebwinkel; the change comes here by itself. Until then '
        'the order is not in the list at Boekuwzending, where it would go to the Netherlands.'
WHERE w.code IN ('country_not_understood', 'country_not_given');

COMMENT ON COLUMN koppeling.label_document.pages IS
    'How many pages, where that is certain; NULL: nobody counted them. A worker does not: ARCHITECTURE.md says why.';

UPDATE koppeling.imported_order o
SET take_back_since = now()
WHERE o.state = 'open' AND o.ship_to_country IS NULL AND o.erased_at IS NULL AND o.take_back_since IS NULL
  AND num_nonnulls(o.pushed_id, o.push_asked_at) > 0;
