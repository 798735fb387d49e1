-- The panel: who may sign in, who is signed in, what was asked for on its pages, and what its lists walk.
-- serves: programs from 0023

CREATE TYPE koppeling.panel_role AS ENUM ('merchant', 'readonly', 'operations');
COMMENT ON TYPE koppeling.panel_role IS
    'merchant: works with the shops and orders of one account; readonly: sees them; operations: sees and mends jobs, '
    'shops and services of all accounts.';

CREATE TABLE koppeling.panel_user (
    id                  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    login               text NOT NULL,
    password_hash       text NOT NULL,
    role                koppeling.panel_role NOT NULL,
    account_id          bigint REFERENCES koppeling.account,
    language            text NOT NULL DEFAULT 'nl',
    created_at          timestamptz NOT NULL DEFAULT now(),
    password_changed_at timestamptz NOT NULL DEFAULT now(),
    signed_in_at        timestamptz,
    CONSTRAINT panel_user_login_is_plain CHECK (login = btrim(login) AND length(login) BETWEEN 1 AND 200),
    CONSTRAINT panel_user_password_is_hashed CHECK (password_hash LIKE '$argon2id$%'),
    CONSTRAINT panel_user_has_account_or_serves_all CHECK ((role = 'operations') = (account_id IS NULL)),
    CONSTRAINT panel_user_language_is_known CHECK (language IN ('nl', 'en'))
);
CREATE UNIQUE INDEX panel_user_login ON koppeling.panel_user (lower(login));
CREATE INDEX panel_user_account ON koppeling.panel_user (account_id);
COMMENT ON TABLE koppeling.panel_user IS
    'Who may sign in to the panel by itself. A portal in front needs none of these.';
COMMENT ON COLUMN koppeling.panel_user.id IS 'Key.';
COMMENT ON COLUMN koppeling.panel_user.login IS 'As typed when it was made; capitals do not matter.';
COMMENT ON COLUMN koppeling.panel_user.password_hash IS 'argon2id, as libsodium writes it.';
COMMENT ON COLUMN koppeling.panel_user.role IS 'See the type.';
COMMENT ON COLUMN koppeling.panel_user.account_id IS 'Whose shops and orders; NULL for operations.';
COMMENT ON COLUMN koppeling.panel_user.language IS 'nl or en.';
COMMENT ON COLUMN koppeling.panel_user.created_at IS 'When it was made.';
COMMENT ON COLUMN koppeling.panel_user.password_changed_at IS 'When the password was last set.';
COMMENT ON COLUMN koppeling.panel_user.signed_in_at IS 'When the password was last right.';

CREATE TYPE koppeling.panel_session_kind AS ENUM ('person', 'portal', 'api');
COMMENT ON TYPE koppeling.panel_session_kind IS
    'person: signed in with a password; portal: brought by the token of a portal; api: a program with a token of its '
    'account.';

CREATE TABLE koppeling.panel_session (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    cookie_hash bytea NOT NULL,
    kind        koppeling.panel_session_kind NOT NULL,
    user_id     bigint REFERENCES koppeling.panel_user ON DELETE CASCADE,
    account_id  bigint REFERENCES koppeling.account,
    person      text NOT NULL,
    role        koppeling.panel_role NOT NULL,
    language    text NOT NULL DEFAULT 'nl',
    created_at  timestamptz NOT NULL DEFAULT now(),
    seen_at     timestamptz NOT NULL DEFAULT now(),
    idle_limit  interval,
    expires_at  timestamptz NOT NULL,
    address     text,
    agent       text,
    CONSTRAINT panel_session_hash_is_sha256 CHECK (octet_length(cookie_hash) = 32),
    CONSTRAINT panel_session_has_account_or_serves_all CHECK ((role = 'operations') = (account_id IS NULL)),
    CONSTRAINT panel_session_of_user_is_signed_in CHECK ((kind = 'person') = (user_id IS NOT NULL)),
    CONSTRAINT panel_session_of_person_idles CHECK ((kind = 'api') = (idle_limit IS NULL)),
    CONSTRAINT panel_session_person_is_named CHECK (btrim(person) <> '' AND length(person) <= 200),
    CONSTRAINT panel_session_language_is_known CHECK (language IN ('nl', 'en'))
) WITH (fillfactor = 70);
CREATE UNIQUE INDEX panel_session_token ON koppeling.panel_session (cookie_hash);
CREATE INDEX panel_session_user ON koppeling.panel_session (user_id);
CREATE INDEX panel_session_account ON koppeling.panel_session (account_id);
CREATE INDEX panel_session_expires ON koppeling.panel_session (expires_at);
COMMENT ON TABLE koppeling.panel_session IS
    'Who is signed in to the panel, and the tokens with which programs come. Only hashes of what they bring are here.';
COMMENT ON COLUMN koppeling.panel_session.id IS 'Key, for people.';
COMMENT ON COLUMN koppeling.panel_session.cookie_hash IS 'SHA-256 of the random token that the browser or program has.';
COMMENT ON COLUMN koppeling.panel_session.kind IS 'See the type.';
COMMENT ON COLUMN koppeling.panel_session.user_id IS 'Who signed in; NULL: not with a password.';
COMMENT ON COLUMN koppeling.panel_session.account_id IS 'Whose shops and orders may be seen; NULL for operations.';
COMMENT ON COLUMN koppeling.panel_session.person IS 'Name for the audit: login, name from the portal, or of the token.';
COMMENT ON COLUMN koppeling.panel_session.role IS 'See the type.';
COMMENT ON COLUMN koppeling.panel_session.language IS 'nl or en.';
COMMENT ON COLUMN koppeling.panel_session.created_at IS 'When it began.';
COMMENT ON COLUMN koppeling.panel_session.seen_at IS 'When it was last used, to a minute.';
COMMENT ON COLUMN koppeling.panel_session.idle_limit IS 'It ends when it is not used for so long; NULL: it does not.';
COMMENT ON COLUMN koppeling.panel_session.expires_at IS 'It ends then however it is used.';
COMMENT ON COLUMN koppeling.panel_session.address IS 'Where it came from when it began.';
COMMENT ON COLUMN koppeling.panel_session.agent IS 'Browser, as it called itself.';

CREATE TABLE koppeling.panel_attempt (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at         timestamptz NOT NULL DEFAULT now(),
    login_hash bytea NOT NULL,
    address    text NOT NULL
);
CREATE INDEX panel_attempt_login ON koppeling.panel_attempt (login_hash, at);
CREATE INDEX panel_attempt_address ON koppeling.panel_attempt (address, at);
CREATE INDEX panel_attempt_at ON koppeling.panel_attempt (at);
COMMENT ON TABLE koppeling.panel_attempt IS
    'Attempts to sign in that did not succeed, or are under way: who tries too often waits.';
COMMENT ON COLUMN koppeling.panel_attempt.id IS 'Key.';
COMMENT ON COLUMN koppeling.panel_attempt.at IS 'When.';
COMMENT ON COLUMN koppeling.panel_attempt.login_hash IS 'SHA-256 of the login: people type passwords there, too.';
COMMENT ON COLUMN koppeling.panel_attempt.address IS 'Where it came from.';

CREATE TABLE koppeling.panel_portal_ticket (
    jti        text PRIMARY KEY COLLATE "C",
    expires_at timestamptz NOT NULL,
    CONSTRAINT panel_portal_ticket_is_named CHECK (length(jti) BETWEEN 8 AND 200)
);
CREATE INDEX panel_portal_ticket_expires ON koppeling.panel_portal_ticket (expires_at);
COMMENT ON TABLE koppeling.panel_portal_ticket IS 'Tokens of the portal that were used: each is good once.';
COMMENT ON COLUMN koppeling.panel_portal_ticket.jti IS 'Name of the token.';
COMMENT ON COLUMN koppeling.panel_portal_ticket.expires_at IS 'When it is good no longer, so that the row can go.';

CREATE TABLE koppeling.panel_once (
    scope      text NOT NULL COLLATE "C",
    key        text NOT NULL COLLATE "C",
    action     text NOT NULL,
    request    bytea NOT NULL,
    answer     json,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (scope, key),
    CONSTRAINT panel_once_key_is_sane CHECK (key ~ '^[A-Za-z0-9._:-]{8,100}$')
);
CREATE INDEX panel_once_created ON koppeling.panel_once (created_at);
COMMENT ON TABLE koppeling.panel_once IS
    'Forms and requests that were carried out, by the key that was made with them: sent again, they get the first '
    'answer and do nothing. Kept a day.';
COMMENT ON COLUMN koppeling.panel_once.scope IS 'Who sent it: a person of an account, or a program.';
COMMENT ON COLUMN koppeling.panel_once.key IS 'Random, made with the page, or the Idempotency-Key of a program.';
COMMENT ON COLUMN koppeling.panel_once.action IS 'The function.';
COMMENT ON COLUMN koppeling.panel_once.request IS
    'SHA-256 of what was asked: the same key with something else is an error.';
COMMENT ON COLUMN koppeling.panel_once.answer IS 'What it was answered; NULL: within the transaction that does it.';
COMMENT ON COLUMN koppeling.panel_once.created_at IS 'When.';

CREATE TABLE koppeling.panel_batch (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id   bigint NOT NULL REFERENCES koppeling.account,
    person       text NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT now(),
    environment  koppeling.environment NOT NULL,
    service      text,
    label_count  integer NOT NULL,
    label_format text NOT NULL,
    length_cm    integer,
    width_cm     integer,
    height_cm    integer,
    weight_kg    numeric(10, 3)
);
CREATE INDEX panel_batch_account ON koppeling.panel_batch (account_id, id);
COMMENT ON TABLE koppeling.panel_batch IS
    'Labels that were asked for together on a page. What becomes of each stands with its shipment.';
COMMENT ON COLUMN koppeling.panel_batch.id IS 'Key.';
COMMENT ON COLUMN koppeling.panel_batch.account_id IS 'Whose orders.';
COMMENT ON COLUMN koppeling.panel_batch.person IS 'Who asked.';
COMMENT ON COLUMN koppeling.panel_batch.created_at IS 'When.';
COMMENT ON COLUMN koppeling.panel_batch.environment IS 'Where they are made.';
COMMENT ON COLUMN koppeling.panel_batch.service IS 'The service that was chosen; NULL: the default of each shop.';
COMMENT ON COLUMN koppeling.panel_batch.label_count IS 'Labels of each order.';
COMMENT ON COLUMN koppeling.panel_batch.label_format IS 'Kind of parcel.';
COMMENT ON COLUMN koppeling.panel_batch.length_cm IS 'Length of each parcel; NULL: the default.';
COMMENT ON COLUMN koppeling.panel_batch.width_cm IS 'Width of each parcel.';
COMMENT ON COLUMN koppeling.panel_batch.height_cm IS 'Height of each parcel.';
COMMENT ON COLUMN koppeling.panel_batch.weight_kg IS 'Weight of the parcels of each order; NULL: that of the order.';

CREATE TABLE koppeling.panel_batch_order (
    batch_id    bigint NOT NULL REFERENCES koppeling.panel_batch ON DELETE CASCADE,
    place       integer NOT NULL,
    order_id    bigint NOT NULL REFERENCES koppeling.imported_order ON DELETE CASCADE,
    shipment_id bigint REFERENCES koppeling.shipment,
    problem_nl  text,
    problem_en  text,
    PRIMARY KEY (batch_id, place),
    CONSTRAINT panel_batch_order_is_named_once UNIQUE (batch_id, order_id),
    CONSTRAINT panel_batch_order_place_counts CHECK (place > 0),
    CONSTRAINT panel_batch_order_has_shipment_or_reason CHECK (
        num_nonnulls(shipment_id, problem_nl) = 1 AND (problem_nl IS NULL) = (problem_en IS NULL))
);
CREATE INDEX panel_batch_order_order ON koppeling.panel_batch_order (order_id);
CREATE INDEX panel_batch_order_shipment ON koppeling.panel_batch_order (shipment_id);
COMMENT ON TABLE koppeling.panel_batch_order IS 'An order of a batch: its shipment, or why it has none.';
COMMENT ON COLUMN koppeling.panel_batch_order.batch_id IS 'The batch.';
COMMENT ON COLUMN koppeling.panel_batch_order.place IS 'Place in the list, from 1.';
COMMENT ON COLUMN koppeling.panel_batch_order.order_id IS 'The order.';
COMMENT ON COLUMN koppeling.panel_batch_order.shipment_id IS 'What was asked for; NULL: it was refused.';
COMMENT ON COLUMN koppeling.panel_batch_order.problem_nl IS 'Why it was refused at once, in Dutch.';
COMMENT ON COLUMN koppeling.panel_batch_order.problem_en IS 'The same in English.';

CREATE TABLE koppeling.panel_print (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id    bigint NOT NULL REFERENCES koppeling.account,
    person        text NOT NULL,
    created_at    timestamptz NOT NULL DEFAULT now(),
    environment   koppeling.environment NOT NULL,
    layout        text NOT NULL,
    position      integer NOT NULL,
    shipment_ids  bigint[] NOT NULL,
    order_ids     bigint[] NOT NULL,
    downloaded_at timestamptz,
    CONSTRAINT panel_print_layout_is_known CHECK (layout IN ('a6', 'a4')),
    CONSTRAINT panel_print_position_is_on_the_sheet CHECK (position BETWEEN 1 AND 4),
    CONSTRAINT panel_print_has_shipments CHECK (
        cardinality(shipment_ids) BETWEEN 1 AND 500 AND cardinality(order_ids) = cardinality(shipment_ids))
);
CREATE INDEX panel_print_account ON koppeling.panel_print (account_id, id);
CREATE INDEX panel_print_shipment ON koppeling.panel_print USING gin (shipment_ids);
COMMENT ON TABLE koppeling.panel_print IS 'Who printed which labels when; printing them again is another row.';
COMMENT ON COLUMN koppeling.panel_print.id IS 'Key.';
COMMENT ON COLUMN koppeling.panel_print.account_id IS 'Whose labels.';
COMMENT ON COLUMN koppeling.panel_print.person IS 'Who printed.';
COMMENT ON COLUMN koppeling.panel_print.created_at IS 'When it was asked for.';
COMMENT ON COLUMN koppeling.panel_print.environment IS 'Where the labels were made.';
COMMENT ON COLUMN koppeling.panel_print.layout IS 'a6: a page for each label; a4: four on a sheet.';
COMMENT ON COLUMN koppeling.panel_print.position IS 'Where on the first sheet the first label stands, from 1 to 4.';
COMMENT ON COLUMN koppeling.panel_print.shipment_ids IS 'The shipments, in the order in which they are printed.';
COMMENT ON COLUMN koppeling.panel_print.order_ids IS 'Their orders, in the same order.';
COMMENT ON COLUMN koppeling.panel_print.downloaded_at IS 'When the PDF was first fetched; NULL: not yet.';

INSERT INTO koppeling.setting (name, value, least, most, meaning) VALUES
    ('panel_session_hours', '12', 1, 8760, 'hours after which somebody has to sign in to the panel again'),
    ('panel_idle_minutes', '120', 1, 86400,
     'minutes without a page after which somebody has to sign in to the panel again'),
    ('panel_attempts', '5', 1, 1000,
     'failed attempts to sign in, of a login within a quarter of an hour, before one has to wait'),
    ('panel_address_attempts', '30', 1, 1000000, 'failed attempts to sign in from one address, likewise');

INSERT INTO koppeling.chore (name, meaning) VALUES
    ('panel', 'forgets sessions, attempts and keys of the panel past their time');

COMMENT ON COLUMN koppeling.message.code IS
    'reason_code, notice_… for the notices of the documentation, dispatch_… for the answers of dispatch_problem(), or '
    'panel_… for the pages of the panel.';
INSERT INTO koppeling.message (code, nl, en) VALUES
    ('panel_calendar', 'gisteren vandaag morgen jan feb mrt apr mei jun jul aug sep okt nov dec',
     'yesterday today tomorrow Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'),
    ('panel_integrations', 'Integraties', 'Integrations'),
    ('panel_state_pending', 'wordt gecontroleerd', 'being checked'),
    ('panel_state_active', 'gekoppeld', 'connected'),
    ('panel_state_rejected', 'niet gekoppeld', 'not connected'),
    ('panel_state_needs_attention', 'actie nodig', 'needs attention'),
    ('panel_state_paused', 'gepauzeerd', 'paused'),
    ('panel_state_disconnected', 'ontkoppeld', 'disconnected'),
    ('panel_shop_fine', 'Nieuwe bestellingen komen vanzelf binnen.', 'New orders come in by themselves.'),
    ('panel_shop_first', 'Gekoppeld; de eerste bestellingen worden nu opgehaald.',
     'Connected; the first orders are being fetched now.'),
    ('panel_shop_waits', 'De winkel vroeg om een pauze; om %s uur gaan wij verder.',
     'The shop asked for a pause; we go on at %s.'),
    ('panel_shop_blocked', 'Stilgezet door Boekuwzending tot nader bericht.',
     'Held by Boekuwzending until further notice.'),
    ('panel_shop_failing',
     'Bestellingen ophalen lukt niet. Wij weten ervan en proberen het straks vanzelf opnieuw.',
     'Orders cannot be fetched. We know of it and try again by ourselves in a while.'),
    ('panel_shop_trying', 'Bestellingen ophalen lukte zojuist niet; er wordt vanzelf opnieuw geprobeerd.',
     'Orders could not be fetched just now; it is tried again by itself.'),
    ('panel_shop_pending', 'De gegevens worden bij Mijnwebwinkel gecontroleerd. Dat duurt meestal enkele seconden.',
     'The details are being checked at Mijnwebwinkel. That usually takes a few seconds.'),
    ('panel_shop_rejected', 'De winkel is niet gekoppeld.', 'The shop is not connected.'),
    ('panel_shop_needs_attention', 'Er worden geen bestellingen meer opgehaald.', 'Orders are no longer fetched.'),
    ('panel_shop_paused', 'Er wordt niets opgehaald of verzonden totdat u de koppeling hervat.',
     'Nothing is fetched or sent until you resume the connection.'),
    ('panel_shop_disconnected', 'Ontkoppeld; de bestellingen blijven hier staan.',
     'Disconnected; its orders stay here.');

-- What the lists of the panel walk. The words are those of one shop each, so that a search meets no other.
CREATE FUNCTION koppeling.order_words(
    integration_id bigint, order_number text, name text, company text, postcode text, email text)
RETURNS tsvector
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, koppeling, pg_temp
AS $$
BEGIN
    -- Not by a regular expression, nor a query: it is paid for each order that comes in.
    RETURN array_to_tsvector(array_remove(string_to_array(
        integration_id || ':' || replace(btrim(translate(lower(left(
            concat_ws(' ', order_number, name, company, postcode, replace(postcode, ' ', ''), email), 400)),
            E'.,;:!?@+-_/\\()[]{}<>"''`&#*%=|~\t\r\n', repeat(' ', 40)), ' '), ' ',
            ' ' || integration_id || ':'), ' '), integration_id || ':'));
END
$$;
COMMENT ON FUNCTION koppeling.order_words IS
    'The words by which the panel finds an order, each with its shop before it, as in 12:jansen.';
-- Led by minus the shop, and with a number for the state: so that no statement of the daemons can take one of these for
-- its own smaller index, whatever the statistics say.
CREATE INDEX imported_order_list ON koppeling.imported_order (
    (-integration_id),
    (CASE state WHEN 'open' THEN 1 WHEN 'label_created' THEN 2 WHEN 'marked_shipped' THEN 3 ELSE 4 END),
    (coalesce(ordered_at, imported_at)), id);
CREATE INDEX imported_order_country ON koppeling.imported_order (
    (-integration_id), (coalesce(ship_to_country, '')),
    (CASE state WHEN 'open' THEN 1 WHEN 'label_created' THEN 2 WHEN 'marked_shipped' THEN 3 ELSE 4 END),
    (coalesce(ordered_at, imported_at)), id);
CREATE INDEX imported_order_warned ON koppeling.imported_order (
    (-integration_id),
    (CASE state WHEN 'open' THEN 1 WHEN 'label_created' THEN 2 WHEN 'marked_shipped' THEN 3 ELSE 4 END),
    (coalesce(ordered_at, imported_at)), id)
    WHERE warnings <> '{}';
CREATE INDEX imported_order_words ON koppeling.imported_order USING gin (
    koppeling.order_words(integration_id, order_number, ship_to_name, ship_to_company, ship_to_postcode, email));
CREATE INDEX skipped_order_seen ON koppeling.skipped_order ((-integration_id), seen_at, order_number);
CREATE INDEX audit_subject ON koppeling.audit (subject, id);

ALTER TABLE koppeling.imported_order
    ADD COLUMN address_corrected_at timestamptz,
    ADD COLUMN address_corrected_by text,
    ADD CONSTRAINT imported_order_correction_has_author CHECK (
        (address_corrected_at IS NULL) = (address_corrected_by IS NULL));
COMMENT ON COLUMN koppeling.imported_order.address_corrected_at IS
    'When a person put another address in the place of that of the shop. It stays until the shop has another address, '
    'whatever else changes there. NULL: it is as the shop has it.';
COMMENT ON COLUMN koppeling.imported_order.address_corrected_by IS 'Who did.';

INSERT INTO koppeling.message (code, nl, en) VALUES
    ('panel_connect', 'Integratie starten', 'Start integration'),
    ('panel_orders', 'Geïmporteerde bestellingen', 'Imported orders'),
    ('panel_order', 'Bestelling %s', 'Order %s'),
    ('panel_not_imported', 'Niet geïmporteerd', 'Not imported'),
    ('panel_attention', 'Aandacht', 'Attention'),
    ('panel_make_labels', 'Label aanmaken', 'Create label'),
    ('panel_batch', 'Labels, opdracht %s', 'Labels, batch %s'),
    ('panel_batches', 'Opdrachten', 'Batches'),
    ('panel_printing', 'Labels printen', 'Print labels'),
    ('panel_prints', 'Geprinte labels', 'Printed labels'),
    ('panel_me', 'Mijn account', 'My account'),
    ('panel_role_merchant', 'medewerker', 'member of staff'),
    ('panel_role_readonly', 'alleen lezen', 'read only'),
    ('panel_role_operations', 'beheer', 'operations'),
    ('panel_language_nl', 'Nederlands', 'Nederlands'),
    ('panel_language_en', 'English', 'English'),
    ('panel_required', 'Vul dit in.', 'Please fill this in.'),
    ('panel_choose', 'Kies een van de mogelijkheden.', 'Choose one of the options.'),
    ('panel_too_long', 'Dit is te lang: hoogstens %s tekens.', 'This is too long: at most %s characters.'),
    ('panel_from_to', 'Vul een geheel getal in van %s tot en met %s.', 'Enter a whole number from %s to %s.'),
    ('panel_weight', 'Vul een gewicht in kilogrammen in, zoals 1,5.', 'Enter a weight in kilograms, as in 1.5.'),
    ('panel_whole_size', 'Vul lengte, breedte en hoogte alle drie in, of geen.',
     'Fill in length, width and height, or none of them.'),
    ('panel_country_code', 'Vul de landcode van twee letters in, zoals NL of BE.',
     'Enter the country code of two letters, as in NL or BE.'),
    ('panel_bad_key', 'De sleutel van dit verzoek is ongeldig.', 'The key of this request is invalid.'),
    ('panel_used_key', 'Deze sleutel is al voor iets anders gebruikt. Laad de pagina opnieuw.',
     'This key was used for something else. Please load the page again.'),
    ('panel_not_now', 'Dat kan in de huidige toestand van de koppeling niet.',
     'That is not possible in the present state of the connection.'),
    ('panel_paused_by', 'Gepauzeerd door %s.', 'Paused by %s.'),
    ('panel_too_late', 'Er is al een label voor deze bestelling; het adres kan hier niet meer worden gewijzigd.',
     'There is a label for this order already; its address cannot be changed here any more.'),
    ('panel_nothing_to_print', 'Er is niets te printen: geen van deze bestellingen heeft een geldig label.',
     'There is nothing to print: none of these orders has a valid label.'),
    ('panel_print_choose', 'Kies A6 of A4, een plaats van 1 tot en met 4, en hoogstens 500 zendingen.',
     'Choose A6 or A4, a position from 1 to 4, and at most 500 shipments.'),
    ('panel_no_service', 'Kies een dienst: de winkel heeft geen standaarddienst.',
     'Choose a service: the shop has no default service.'),
    ('panel_service_not_offered', 'Boekuwzending biedt dienst %1$s voor deze bestelling niet aan.',
     'Boekuwzending does not offer service %1$s for this order.'),
    ('panel_order_in_use', 'Er wordt juist aan deze bestelling gewerkt; probeer het opnieuw.',
     'This order is in use at the moment; please try again.'),
    ('panel_dispatch_refused', 'Er kan geen label worden aangevraagd: %2$s.', 'No label can be asked for: %2$s.'),
    ('panel_any_warning', 'met een waarschuwing', 'with a warning'),
    ('panel_sort_newest', 'nieuwste eerst', 'newest first'),
    ('panel_sort_oldest', 'oudste eerst', 'oldest first'),
    ('panel_sort_country', 'op land', 'by country'),
    ('panel_order_open', 'open', 'open'),
    ('panel_order_label_created', 'label aangemaakt', 'label created'),
    ('panel_order_marked_shipped', 'verzonden', 'shipped'),
    ('panel_order_withdrawn', 'vervallen', 'withdrawn'),
    ('panel_order_all', 'alle', 'all'),
    ('panel_skip_test_order', 'Dit is een testbestelling; die worden niet geïmporteerd.',
     'This is a test order; those are not imported.'),
    ('panel_skip_credit_order', 'Dit is een creditorder; daar hoort geen zending bij.',
     'This is a credit order; nothing is sent for it.'),
    ('panel_skip_no_address', 'De bestelling heeft geen afleveradres. Vul het in bij Mijnwebwinkel.',
     'The order has no delivery address. Enter it in Mijnwebwinkel.'),
    ('panel_skip_nothing_to_ship', 'In de bestelling staat niets dat verzonden kan worden.',
     'The order has nothing in it that can be sent.'),
    ('panel_skip_too_old', 'De bestelling is van voor de datum vanaf wanneer wordt geïmporteerd.',
     'The order is from before the date from which orders are imported.'),
    ('panel_skip_unreadable', 'De bestelling kon niet worden gelezen. Neem contact op met Boekuwzending.',
     'The order could not be read. Please contact Boekuwzending.'),
    ('panel_skip_not_paid', 'De bestelling is nog niet betaald; zodra zij betaald is, komt zij binnen.',
     'The order is not paid yet; it comes in when it is.'),
    ('panel_progress_waiting', 'wacht', 'waiting'),
    ('panel_progress_busy', 'wordt gemaakt', 'being made'),
    ('panel_progress_trying', 'wordt opnieuw geprobeerd', 'being tried again'),
    ('panel_progress_held', 'aangehouden: de koppeling of het account is niet in orde',
     'held: the connection or the account is not in order'),
    ('panel_progress_done', 'klaar', 'done'),
    ('panel_progress_cancelled', 'geannuleerd', 'cancelled'),
    ('panel_progress_failed', 'mislukt', 'failed'),
    ('panel_progress_stopped', 'gestopt', 'stopped'),
    ('panel_progress_refused', 'niet aangevraagd', 'not asked for'),
    ('panel_environment_production', 'echt', 'production'),
    ('panel_environment_staging', 'testomgeving (staging): labels zijn niet geldig',
     'test environment (staging): labels are not valid'),
    ('panel_staging', 'testomgeving: dit label is niet geldig', 'test environment: this label is not valid'),
    ('panel_format_envelop', 'envelop', 'envelope'),
    ('panel_format_document', 'document', 'document'),
    ('panel_format_package', 'pakket', 'package'),
    ('panel_format_pallet_euro', 'europallet', 'euro pallet'),
    ('panel_format_pallet_block', 'blokpallet', 'block pallet'),
    ('panel_format_pallet_mini', 'minipallet', 'mini pallet'),
    ('panel_format_pallet_other', 'andere pallet', 'other pallet'),
    ('panel_to_be_told', 'De winkel wordt verteld dat er een label is.',
     'The shop is being told that there is a label.'),
    ('panel_was_imported', 'Geïmporteerd', 'Imported'),
    ('panel_was_changed', 'Bijgewerkt vanuit de winkel', 'Updated from the shop'),
    ('panel_was_corrected', 'Adres verbeterd', 'Address corrected'),
    ('panel_was_withdrawn', 'Vervallen', 'Withdrawn'),
    ('panel_was_erased', 'Persoonsgegevens gewist', 'Personal data erased'),
    ('panel_was_changed_after_label', 'In de winkel gewijzigd nadat het label was gemaakt',
     'Changed in the shop after the label was made'),
    ('panel_was_reopened', 'In de winkel weer opengezet', 'Set back to open in the shop'),
    ('panel_was_pushed', 'In de lijst van Boekuwzending gezet', 'Put in the list of Boekuwzending'),
    ('panel_was_marked', 'In de winkel op verzonden gezet', 'Marked shipped in the shop'),
    ('panel_was_already_shipped', 'Stond in de winkel al op verzonden', 'Was shipped in the shop already'),
    ('panel_was_not_marked', 'In de winkel niet op verzonden gezet', 'Not marked shipped in the shop'),
    ('panel_was_requested', 'Aangevraagd: %s × label, %s', 'Asked for: %s × label, %s'),
    ('panel_was_labelled', 'Label %s gemaakt', 'Label %s made'),
    ('panel_was_cancelled', 'Label %s geannuleerd', 'Label %s cancelled'),
    ('panel_was_printed', 'Geprint', 'Printed'),
    ('panel_was_looked_at', 'Bekeken en afgehandeld', 'Looked at and settled'),
    ('panel_did_connect_shop', 'gekoppeld', 'connected'),
    ('panel_did_replace_token', 'token vervangen', 'token replaced'),
    ('panel_did_disconnect_shop', 'ontkoppeld', 'disconnected'),
    ('panel_did_poll_now', 'bestellingen opgehaald', 'orders fetched'),
    ('panel_did_pause_integration', 'gepauzeerd', 'paused'),
    ('panel_did_resume_integration', 'hervat', 'resumed');

-- What the plots of operations read. Finished work is appended in the order of time, so that so small an index will do.
CREATE INDEX job_history_finished ON koppeling.job_history USING brin (finished_at) WITH (pages_per_range = 16);

INSERT INTO koppeling.message (code, nl, en) VALUES
    ('panel_ops', 'Wachtrij', 'Queue'),
    ('panel_ops_series', 'Verloop', 'History'),
    ('panel_ops_jobs', 'Taken', 'Jobs'),
    ('panel_ops_job', 'Taak %2$s (%1$s)', 'Job %2$s (%1$s)'),
    ('panel_ops_redrive', 'Mislukte taken opnieuw proberen', 'Try failed jobs again'),
    ('panel_ops_shops', 'Winkels met problemen', 'Shops in trouble'),
    ('panel_ops_processes', 'Processen', 'Processes'),
    ('panel_ops_apis', 'Diensten', 'Services'),
    ('panel_job_failed', 'mislukt', 'failed'),
    ('panel_job_running', 'bezig', 'running'),
    ('panel_job_queued', 'wacht', 'waiting'),
    ('panel_job_all', 'alle', 'all');
