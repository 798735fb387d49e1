-- What could not be understood of an order is kept and shown, instead of being taken for what was not given.

CREATE TABLE koppeling.order_warning (
    code              text PRIMARY KEY,
    prevents_dispatch boolean NOT NULL,
    nl                text NOT NULL,
    en                text NOT NULL,
    what_to_do_nl     text NOT NULL,
    what_to_do_en     text NOT NULL,
    CONSTRAINT order_warning_code_is_plain CHECK (code ~ '^[a-z]+(_[a-z]+)*$')
);
COMMENT ON TABLE koppeling.order_warning IS
    'What an imported order can be warned about, in words for merchants. A new code is a row here and a word in the '
    'check imported_order_warnings_are_known.';
COMMENT ON COLUMN koppeling.order_warning.code IS 'As in imported_order.warnings.';
COMMENT ON COLUMN koppeling.order_warning.prevents_dispatch IS
    'No label can be made before it is put right; dispatch_problem() says so.';
COMMENT ON COLUMN koppeling.order_warning.nl IS
    'What is the matter, in Dutch: part of a sentence, without a full stop.';
COMMENT ON COLUMN koppeling.order_warning.en IS 'The same in English.';
COMMENT ON COLUMN koppeling.order_warning.what_to_do_nl IS 'What puts it right, in Dutch: a whole sentence.';
COMMENT ON COLUMN koppeling.order_warning.what_to_do_en IS 'The same in English.';

INSERT INTO koppeling.order_warning (code, prevents_dispatch, nl, en, what_to_do_nl, what_to_do_en) VALUES
    ('address_without_street', true,
     'de straat ontbreekt', 'the street is missing',
     'Vul de straat in bij de bestelling in Mijnwebwinkel; de wijziging komt vanzelf hierheen.',
     'Enter the street with the order in Mijnwebwinkel; the change comes here by itself.'),
    ('address_without_number', false,
     'het huisnummer ontbreekt', 'the house number is missing',
     'Vul het huisnummer in bij de bestelling in Mijnwebwinkel, tenzij het adres er echt geen heeft.',
     'Enter the house number with the order in Mijnwebwinkel, unless the address really has none.'),
    ('address_without_place', true,
     'postcode en plaats ontbreken', 'postcode and city are missing',
     'Vul postcode en plaats in bij de bestelling in Mijnwebwinkel; de wijziging komt vanzelf hierheen.',
     'Enter postcode and city with the order in Mijnwebwinkel; the change comes here by itself.'),
    ('address_without_city', true,
     'de plaats ontbreekt', 'the city is missing',
     'Vul de plaats in bij de bestelling in Mijnwebwinkel; de wijziging komt vanzelf hierheen.',
     'Enter the city with the order in Mijnwebwinkel; the change comes here by itself.'),
    ('address_without_postcode', false,
     'de postcode ontbreekt', 'the postcode is missing',
     'Vul de postcode in bij de bestelling in Mijnwebwinkel; de wijziging komt vanzelf hierheen.',
     'Enter the postcode with the order in Mijnwebwinkel; the change comes here by itself.'),
    ('address_too_long', false,
     'een deel van het adres is te lang en werd afgekapt', 'a part of the address is too long and was cut',
     'Vergelijk het adres met dat in Mijnwebwinkel, en kort het daar zo nodig in.',
     'Compare the address with the one in Mijnwebwinkel, and shorten it there if necessary.'),
    ('country_not_understood', true,
     'het land is niet herkend', 'the country is not understood',
     'Kies bij de bestelling in Mijnwebwinkel het land uit de lijst; de wijziging komt vanzelf hierheen.',
     'Choose the country from the list with the order in Mijnwebwinkel; the change comes here by itself.'),
    ('country_not_given', true,
     'het land ontbreekt', 'the country is missing',
     'Kies bij de bestelling in Mijnwebwinkel een land; de wijziging komt vanzelf hierheen.',
     'Choose a country with the order in Mijnwebwinkel; the change comes here by itself.'),
    ('phone_not_understood', false,
     'het telefoonnummer is niet herkend; de vervoerder krijgt het niet',
     'the phone number is not understood; the carrier does not get it',
     'Vul het nummer bij de bestelling in Mijnwebwinkel in met de landcode, zoals +31201234567.',
     'Enter the number with the order in Mijnwebwinkel with its country code, as in +31201234567.');

ALTER TABLE koppeling.imported_order
    ADD COLUMN warnings text[] NOT NULL DEFAULT '{}',
    ADD COLUMN ship_to_country_given text,
    ADD CONSTRAINT imported_order_warnings_are_known CHECK (warnings <@ ARRAY[
        'address_without_street', 'address_without_number', 'address_without_place', 'address_without_city',
        'address_without_postcode', 'address_too_long', 'country_not_understood', 'country_not_given',
        'phone_not_understood']::text[]);
COMMENT ON COLUMN koppeling.imported_order.warnings IS
    'What a person should look at before it is dispatched: codes of table order_warning; order_warnings() tells them '
    'in words.';
COMMENT ON COLUMN koppeling.imported_order.ship_to_country_given IS
    'The country as the shop wrote it, when it was not understood; ship_to_country is NULL then.';

INSERT INTO koppeling.message (code, nl, en) VALUES
    ('dispatch_withdrawn', 'bestelling %s is ingetrokken (%s)', 'order %s was withdrawn (%s)'),
    ('dispatch_erased', 'het adres van bestelling %s is gewist', 'the address of order %s was erased'),
    ('dispatch_disconnected', 'de winkel van bestelling %s is ontkoppeld', 'the shop of order %s is disconnected'),
    ('dispatch_incomplete',
     'het adres van bestelling %s is niet volledig%s', 'the address of order %s is incomplete%s'),
    ('dispatch_no_sender', 'koppeling %s heeft geen afzenderadres', 'integration %s has no from address'),
    ('dispatch_sender_incomplete', 'afzenderadres %s is niet volledig', 'from address %s is incomplete'),
    ('dispatch_no_credentials', 'account %s heeft geen inloggegevens voor %s', 'account %s has no credentials for %s');
COMMENT ON COLUMN koppeling.message.code IS
    'reason_code, notice_… for the notices of the documentation, or dispatch_… for the answers of dispatch_problem().';

-- It has a third parameter now.
DROP FUNCTION IF EXISTS koppeling.dispatch_problem(bigint, koppeling.environment);
