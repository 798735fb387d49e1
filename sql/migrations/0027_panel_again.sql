-- The panel: a second label for an order is made when somebody says so, and somebody of operations who only looks.
-- serves: programs from 0023
INSERT INTO koppeling.message (code, nl, en) VALUES
    ('panel_has_label',
     'Voor deze bestelling is al een label aangevraagd of gemaakt. Wilt u er echt nog een, maak dan opnieuw een label '
     'voor deze bestelling en zet een vinkje bij "Nog een label".',
     'A label was asked for or made for this order already. If you really want another one, create a label for this '
     'order again and tick "Another label".'),
    ('panel_all_have_labels',
     'Er is niets aangevraagd: voor wat u koos, is al een label aangevraagd of gemaakt. Wilt u er echt nog een, zet '
     'dan een vinkje bij "Nog een label".',
     'Nothing was asked for: what you chose has labels already. If you really want another one, tick "Another '
     'label".');

-- It is told which label is known, too.
DROP FUNCTION IF EXISTS koppeling.panel_dispatch_one(bigint, koppeling.panel_batch, text);

-- Operations that only look. Named by its text: a value of a type is of no use in the transaction that adds it.
ALTER TYPE koppeling.panel_role ADD VALUE 'operations_readonly';
COMMENT ON TYPE koppeling.panel_role IS
    'merchant: works with the shops and orders of one account; readonly: sees them; operations: sees and mends jobs, '
    'shops and services of all accounts; operations_readonly: sees them.';
ALTER TABLE koppeling.panel_user
    DROP CONSTRAINT panel_user_has_account_or_serves_all,
    ADD CONSTRAINT panel_user_has_account_or_serves_all CHECK (
        (role::text IN ('operations', 'operations_readonly')) = (account_id IS NULL));
ALTER TABLE koppeling.panel_session
    DROP CONSTRAINT panel_session_has_account_or_serves_all,
    ADD CONSTRAINT panel_session_has_account_or_serves_all CHECK (
        (role::text IN ('operations', 'operations_readonly')) = (account_id IS NULL));
INSERT INTO koppeling.message (code, nl, en) VALUES
    ('panel_role_operations_readonly', 'beheer, alleen lezen', 'operations, read only');
