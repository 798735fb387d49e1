-- Numbers, weights and amounts that are not understood are warned of; what a person must look at; customs.

INSERT INTO koppeling.order_warning (code, prevents_dispatch, nl, en, what_to_do_nl, what_to_do_en) VALUES
    ('weight_not_understood', false,
     'een gewicht is geen getal; de andere gewichten of het standaardgewicht tellen',
     'a weight is no number; the other weights or the default weight count',
     'Kijk of het gewicht van de zending klopt, en vul het bij het artikel in als kilogrammen, zoals 12,4.',
     'See whether the weight of the parcel is right, and enter it with the article as kilograms, as in 12.4.'),
    ('quantity_not_understood', false,
     'een aantal is geen getal; er is één stuk van gemaakt', 'a quantity is no number; one piece was made of it',
     'Vergelijk de aantallen met de bestelling in Mijnwebwinkel voordat u inpakt.',
     'Compare the quantities with the order in Mijnwebwinkel before you pack it.'),
    ('amount_not_understood', false,
     'een bedrag is geen getal; het wordt niet doorgegeven', 'an amount is no number; it is not passed on',
     'Kijk in Mijnwebwinkel naar de prijzen van de bestelling, zeker als de waarde voor douane of verzekering telt.',
     'Look at the prices of the order in Mijnwebwinkel, above all when its value matters to customs or insurance.'),
    ('currency_not_understood', false,
     'de munt is niet herkend; bedragen worden niet als euro''s doorgegeven',
     'the currency is not understood; amounts are not passed on as euros',
     'Kies bij de winkel in Mijnwebwinkel een munt met een code van drie letters, zoals EUR.',
     'Choose a currency with a code of three letters for the shop in Mijnwebwinkel, such as EUR.');

-- The words of the check are the codes that there are by now, whichever migrations brought them.
DO $$
BEGIN
    ALTER TABLE koppeling.imported_order DROP CONSTRAINT imported_order_warnings_are_known;
    EXECUTE format('ALTER TABLE koppeling.imported_order ADD CONSTRAINT imported_order_warnings_are_known '
                   'CHECK (warnings <@ %L::text[])',
                   (SELECT array_agg(w.code ORDER BY w.code) FROM koppeling.order_warning w));
END
$$;

COMMENT ON COLUMN koppeling.imported_order.weight_kg IS
    'Weight of the parcel in kg: as the shop says for the order, else that of its lines together, else a default.';
COMMENT ON COLUMN koppeling.imported_order.currency IS
    'ISO 4217; what is no code of three letters stands here as the shop wrote it. NULL: that of the store.';
COMMENT ON COLUMN koppeling.integration.default_weight_kg IS
    'Weight of an order for which the shop gives none, nor one for its lines; NULL: 1 kg.';

-- What a label was made for, so that a change in the shop afterwards is noticed.
ALTER TABLE koppeling.imported_order
    ADD COLUMN address_hash          bytea,
    ADD COLUMN goods_hash            bytea,
    ADD COLUMN labelled_address_hash bytea,
    ADD COLUMN labelled_goods_hash   bytea;
COMMENT ON COLUMN koppeling.imported_order.content_hash IS
    'BLAKE2b of everything mapped, lines and all; equal means nothing to write.';
COMMENT ON COLUMN koppeling.imported_order.address_hash IS
    'BLAKE2b of name, address, e-mail and phone as the shop had them when last read, also after a label.';
COMMENT ON COLUMN koppeling.imported_order.goods_hash IS
    'BLAKE2b of lines, weight, total and currency as the shop had them when last read, also after a label.';
COMMENT ON COLUMN koppeling.imported_order.labelled_address_hash IS
    'The address_hash of what the first label was made for; NULL: no label yet.';
COMMENT ON COLUMN koppeling.imported_order.labelled_goods_hash IS
    'The goods_hash of what the first label was made for; NULL: no label yet.';
COMMENT ON COLUMN koppeling.imported_order.changed_after_label_at IS
    'When it was noticed that the shop has another address or other goods than were labelled; kept by a trigger. '
    'The order is not updated. NULL: they are the same, or the same again.';

ALTER TABLE koppeling.shipment
    ADD COLUMN address_hash bytea,
    ADD COLUMN goods_hash   bytea;
COMMENT ON COLUMN koppeling.shipment.address_hash IS 'The address_hash of the order as it was sent to Boekuwzending.';
COMMENT ON COLUMN koppeling.shipment.goods_hash IS 'The goods_hash of the order as it was sent to Boekuwzending.';

-- What happened to an order that a person should know of.
ALTER TABLE koppeling.imported_order
    ADD COLUMN warned_at       timestamptz,
    ADD COLUMN mark_refused_at timestamptz,
    ADD COLUMN reopened_at     timestamptz;
COMMENT ON COLUMN koppeling.imported_order.warned_at IS 'Since when it has just these warnings; NULL: it has none.';
COMMENT ON COLUMN koppeling.imported_order.mark_refused_at IS
    'When it was decided that the shop is not told (mark_outcome not_marked); NULL: it was not.';
COMMENT ON COLUMN koppeling.imported_order.reopened_at IS
    'When a poll first saw it among the open orders of the shop after it was marked shipped; NULL: it is not there, or '
    'not any more.';
-- What a poll compares the shop's list with, beside imported_order_live; nearly always empty.
CREATE INDEX imported_order_reopened ON koppeling.imported_order (integration_id) INCLUDE (payload_hash)
    WHERE state = 'marked_shipped' AND reopened_at IS NOT NULL;

ALTER TABLE koppeling.label ADD COLUMN cancelled_at timestamptz;
COMMENT ON COLUMN koppeling.label.cancelled_at IS
    'When it was noticed, or said with record_label_cancelled(), that it was cancelled at Boekuwzending.';
COMMENT ON COLUMN koppeling.label.told_at IS
    'When the shop was told of it, or it was decided and recorded that it must not be; of a label that is cancelled '
    'before, it is not told.';
