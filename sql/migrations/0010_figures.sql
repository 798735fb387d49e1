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

-- Why a person must look at an order, in words; beside these, the codes of order_warning are reasons for an open one.
CREATE TABLE koppeling.order_reason (
    code          text PRIMARY KEY,
    nl            text NOT NULL,
    en            text NOT NULL,
    what_to_do_nl text NOT NULL,
    what_to_do_en text NOT NULL,
    CONSTRAINT order_reason_code_is_plain CHECK (code ~ '^[a-z]+(_[a-z]+)*$')
);
COMMENT ON TABLE koppeling.order_reason IS
    'Why a person must look at an order, in words for merchants. View order_to_look_at says which orders.';
COMMENT ON COLUMN koppeling.order_reason.code IS 'As in order_to_look_at.reason_code.';
COMMENT ON COLUMN koppeling.order_reason.nl IS
    'What is the matter, in Dutch: part of a sentence, without a full stop.';
COMMENT ON COLUMN koppeling.order_reason.en IS 'The same in English.';
COMMENT ON COLUMN koppeling.order_reason.what_to_do_nl IS 'What to do about it, in Dutch: whole sentences.';
COMMENT ON COLUMN koppeling.order_reason.what_to_do_en IS 'The same in English.';
INSERT INTO koppeling.order_reason (code, nl, en, what_to_do_nl, what_to_do_en) VALUES
    ('address_changed',
     'het adres is in de winkel gewijzigd nadat het label was gemaakt',
     'the address was changed in the shop after the label was made',
     'Vergelijk het label met de bestelling in Mijnwebwinkel. Is het pakket nog niet weg, annuleer dan het label bij '
     'Boekuwzending en maak daar een nieuw met het juiste adres.',
     'Compare the label with the order in Mijnwebwinkel. If the parcel has not left yet, cancel the label at '
     'Boekuwzending and make a new one there with the right address.'),
    ('goods_changed',
     'de artikelen zijn in de winkel gewijzigd nadat het label was gemaakt',
     'the goods were changed in the shop after the label was made',
     'Pak in wat er nu bij de bestelling in Mijnwebwinkel staat. Is het pakket al weg, overleg dan met de klant.',
     'Pack what the order in Mijnwebwinkel says now. If the parcel has left already, talk with the customer.'),
    ('mark_refused',
     'de bestelling heeft een label, maar is in de winkel niet op verzonden gezet',
     'the order has a label, but was not marked shipped in the shop',
     'Kijk in Mijnwebwinkel waarom de bestelling daar niet meer open staat. Is zij geannuleerd, houd het pakket dan '
     'hier en annuleer het label; zet haar anders zelf op verzonden.',
     'See in Mijnwebwinkel why the order is not open there any more. If it was cancelled, keep the parcel and cancel '
     'the label; else mark it shipped yourself.'),
    ('mark_failed',
     'de bestelling kan in de winkel niet op verzonden worden gezet',
     'the order cannot be marked shipped in the shop',
     'Het label is geldig. Zet de bestelling in Mijnwebwinkel zelf op verzonden, of laat het opnieuw proberen.',
     'The label is valid. Mark the order shipped in Mijnwebwinkel yourself, or have it tried again.'),
    ('reopened',
     'de bestelling is in de winkel weer opengezet nadat zij op verzonden stond',
     'the order was set back to open in the shop after it was marked shipped',
     'Moet er nog iets worden verzonden, maak dan een label erbij; zet de bestelling anders in Mijnwebwinkel weer op '
     'verzonden.',
     'If something is still to be sent, make another label; else mark the order shipped again in Mijnwebwinkel.'),
    ('label_cancelled',
     'het label is geannuleerd', 'the label was cancelled',
     'Moet de bestelling nog weg, maak dan een nieuw label. Staat zij in Mijnwebwinkel ten onrechte op verzonden, zet '
     'haar daar dan terug.',
     'If the order still has to be sent, make a new label. If it is wrongly marked shipped in Mijnwebwinkel, set it '
     'back there.'),
    ('staging_label',
     'de bestelling heeft alleen een label uit de testomgeving, en dat accepteert geen vervoerder',
     'the order has no label but one from the test environment, which no carrier accepts',
     'Maak een echt label als de bestelling verzonden moet worden.',
     'Make a production label if the order is to be sent.');

CREATE TABLE koppeling.order_look (
    order_id    bigint NOT NULL REFERENCES koppeling.imported_order ON DELETE CASCADE,
    reason_code text NOT NULL,
    looked_at   timestamptz NOT NULL DEFAULT now(),
    who         text NOT NULL DEFAULT session_user,
    PRIMARY KEY (order_id, reason_code)
);
COMMENT ON TABLE koppeling.order_look IS
    'Who has looked at which order, and why: it is not shown for this reason any more, unless something new happens.';
COMMENT ON COLUMN koppeling.order_look.order_id IS 'The order.';
COMMENT ON COLUMN koppeling.order_look.reason_code IS 'As in order_to_look_at.';
COMMENT ON COLUMN koppeling.order_look.looked_at IS 'What happens later is shown again.';
COMMENT ON COLUMN koppeling.order_look.who IS 'The database role that was logged in.';

-- What order_to_look_at walks: each holds the orders and labels that a person must look at, and few others.
CREATE INDEX imported_order_to_look_at ON koppeling.imported_order (integration_id)
    WHERE erased_at IS NULL
      AND (changed_after_label_at IS NOT NULL
           OR reopened_at IS NOT NULL
           OR (state = 'label_created' AND mark_outcome = 'not_marked')
           OR (state = 'open' AND warnings <> '{}'));
CREATE INDEX label_staging ON koppeling.label (order_id) WHERE environment = 'staging' AND cancelled_at IS NULL;
CREATE INDEX label_cancelled ON koppeling.label (order_id) WHERE cancelled_at IS NOT NULL;

-- Customs: where a border is crossed [R-609], and what is declared there.
CREATE TABLE koppeling.customs_area (
    country  text NOT NULL,
    postcode text NOT NULL DEFAULT '',
    area     text NOT NULL,
    name     text NOT NULL,
    PRIMARY KEY (country, postcode),
    CONSTRAINT customs_area_country_is_iso CHECK (country ~ '^[A-Z]{2}$'),
    CONSTRAINT customs_area_postcode_is_anchored CHECK (postcode = '' OR postcode LIKE '^%')
);
COMMENT ON TABLE koppeling.customs_area IS
    'Between which countries, and parts of them, no customs declaration is needed: the area EU is where both '
    'the customs and the VAT rules of the Union hold for goods. A country that is not here is an area of its own.';
COMMENT ON COLUMN koppeling.customs_area.country IS 'ISO 3166-1 alpha-2.';
COMMENT ON COLUMN koppeling.customs_area.postcode IS
    'Regular expression for the postcodes of a part of the country, in capitals and without blanks and dashes; empty: '
    'the whole country but for such parts.';
COMMENT ON COLUMN koppeling.customs_area.area IS 'Places with the same area need no declaration between them.';
COMMENT ON COLUMN koppeling.customs_area.name IS 'Of the place, for people.';
INSERT INTO koppeling.customs_area (country, area, name) VALUES
    ('AT', 'EU', 'Austria'), ('BE', 'EU', 'Belgium'), ('BG', 'EU', 'Bulgaria'), ('CY', 'EU', 'Cyprus'),
    ('CZ', 'EU', 'Czechia'), ('DE', 'EU', 'Germany'), ('DK', 'EU', 'Denmark'), ('EE', 'EU', 'Estonia'),
    ('ES', 'EU', 'Spain'), ('FI', 'EU', 'Finland'), ('FR', 'EU', 'France'), ('GR', 'EU', 'Greece'),
    ('HR', 'EU', 'Croatia'), ('HU', 'EU', 'Hungary'), ('IE', 'EU', 'Ireland'), ('IT', 'EU', 'Italy'),
    ('LT', 'EU', 'Lithuania'), ('LU', 'EU', 'Luxembourg'), ('LV', 'EU', 'Latvia'), ('MT', 'EU', 'Malta'),
    ('NL', 'EU', 'Netherlands'), ('PL', 'EU', 'Poland'), ('PT', 'EU', 'Portugal'), ('RO', 'EU', 'Romania'),
    ('SE', 'EU', 'Sweden'), ('SI', 'EU', 'Slovenia'), ('SK', 'EU', 'Slovakia'),
    ('MC', 'EU', 'Monaco, treated as a part of France'),
    ('XI', 'EU', 'Northern Ireland, for goods'),
    ('IM', 'GB', 'Isle of Man, treated as a part of the United Kingdom'),
    ('LI', 'CH', 'Liechtenstein, in the customs union with Switzerland');
INSERT INTO koppeling.customs_area (country, postcode, area, name) VALUES
    ('GB', '^BT', 'EU', 'Northern Ireland, for goods'),
    ('DE', '^D?27498$', 'DE-27498', 'Heligoland'),
    ('DE', '^D?78266$', 'DE-78266', 'Büsingen'),
    ('ES', '^(ES?)?(35|38)', 'ES-CN', 'Canary Islands'),
    ('ES', '^(ES?)?51', 'ES-CE', 'Ceuta'),
    ('ES', '^(ES?)?52', 'ES-ML', 'Melilla'),
    ('FI', '^(FIN?)?22', 'AX', 'Åland Islands'),
    ('FR', '^F?(97|98[4678])', 'FR-OM', 'French overseas departments and territories'),
    ('GR', '^(GR)?6308[67]$', 'GR-69', 'Mount Athos'),
    ('IT', '^I?22061$', 'IT-22061', 'Campione d''Italia'),
    ('IT', '^I?23041$', 'IT-23041', 'Livigno');

CREATE TABLE koppeling.article_customs (
    integration_id    bigint NOT NULL REFERENCES koppeling.integration,
    sku               text NOT NULL,
    tariff_number     text,
    country_of_origin text,
    PRIMARY KEY (integration_id, sku),
    CONSTRAINT article_customs_sku_is_given CHECK (btrim(sku) <> ''),
    CONSTRAINT article_customs_says_something CHECK (num_nonnulls(tariff_number, country_of_origin) > 0),
    CONSTRAINT article_customs_tariff_is_digits CHECK (tariff_number ~ '^[0-9]{4}[0-9. ]{0,31}$'),
    CONSTRAINT article_customs_origin_is_iso CHECK (country_of_origin ~ '^[A-Z]{2}$')
);
COMMENT ON TABLE koppeling.article_customs IS
    'What customs want to know of articles and the shop does not tell, as far as the merchant has said it.';
COMMENT ON COLUMN koppeling.article_customs.integration_id IS 'The shop.';
COMMENT ON COLUMN koppeling.article_customs.sku IS 'Article code, as in order_line.sku.';
COMMENT ON COLUMN koppeling.article_customs.tariff_number IS
    'Number in the Harmonized System, best of six digits or more.';
COMMENT ON COLUMN koppeling.article_customs.country_of_origin IS 'Where it was made: ISO 3166-1 alpha-2.';

ALTER TABLE koppeling.account
    ADD COLUMN inco_terms text NOT NULL DEFAULT 'DAP',
    ADD CONSTRAINT account_inco_terms_are_known CHECK (inco_terms IN ('DAP', 'DDP'));
COMMENT ON COLUMN koppeling.account.inco_terms IS
    'Who pays duties and taxes of parcels that cross a customs border: DAP the addressee, DDP the sender.';

INSERT INTO koppeling.message (code, nl, en) VALUES
    ('dispatch_customs', 'bestelling %s gaat over een douanegrens, en daarvoor ontbreekt: %s',
     'order %s crosses a customs border, and for that it lacks: %s'),
    ('customs_no_lines', 'artikelregels', 'order lines'),
    ('customs_no_description', 'een omschrijving van elk artikel', 'a description of each article'),
    ('customs_no_value', 'een prijs van elk artikel', 'a price of each article'),
    ('customs_not_in_euros', 'bedragen in euro''s', 'amounts in euros'),
    ('customs_no_phone', 'een telefoonnummer van de geadresseerde', 'a phone number of the addressee'),
    ('customs_no_email', 'een e-mailadres van de geadresseerde', 'an e-mail address of the addressee');
COMMENT ON COLUMN koppeling.message.code IS
    'reason_code, notice_… for the notices of the documentation, dispatch_… for the answers of dispatch_problem(), or '
    'customs_… for what is missing there.';
