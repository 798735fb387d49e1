-- What the database itself keeps right about orders, whoever writes them.

CREATE OR REPLACE FUNCTION koppeling.order_compare_with_label()
RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, koppeling, pg_temp
AS $$
BEGIN
    -- The first label: made for what was sent, or for the order as it stands.
    NEW.labelled_address_hash := coalesce(NEW.labelled_address_hash, OLD.address_hash);
    NEW.labelled_goods_hash := coalesce(NEW.labelled_goods_hash, OLD.goods_hash);
    IF (NEW.address_hash, NEW.goods_hash) IS NOT DISTINCT FROM (NEW.labelled_address_hash, NEW.labelled_goods_hash) THEN
        NEW.changed_after_label_at := NULL;
    ELSIF NEW.changed_after_label_at IS NULL
          OR (NEW.address_hash, NEW.goods_hash) IS DISTINCT FROM (OLD.address_hash, OLD.goods_hash) THEN
        NEW.changed_after_label_at := now();
    END IF;
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION koppeling.order_compare_with_label IS
    'Trigger: keeps what was labelled, and notes when the shop has something else by now.';
CREATE OR REPLACE TRIGGER order_compare_with_label
    BEFORE UPDATE OF state, address_hash, goods_hash, labelled_address_hash, labelled_goods_hash
    ON koppeling.imported_order
    FOR EACH ROW
    WHEN (NEW.state IN ('label_created', 'marked_shipped')
          AND num_nulls(NEW.address_hash, NEW.goods_hash, OLD.address_hash, OLD.goods_hash) = 0)
    EXECUTE FUNCTION koppeling.order_compare_with_label();
