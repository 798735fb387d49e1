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

-- Whatever changes what these look at sets the state of the order, erases it, or is a shipment: both triggers together
-- miss nothing, also not a push whose answer comes when the order was withdrawn meanwhile.
CREATE OR REPLACE FUNCTION koppeling.order_take_back()
RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, koppeling, pg_temp
AS $$
BEGIN
    NEW.take_back_since := CASE
        WHEN num_nonnulls(NEW.pushed_id, NEW.push_asked_at) > 0
             AND (NEW.state = 'withdrawn' OR NEW.erased_at IS NOT NULL
                  OR (NEW.state = 'open' AND NEW.ship_to_country IS NULL)
                  OR EXISTS (SELECT FROM koppeling.shipment s
                             WHERE s.order_id = NEW.id AND s.environment = 'production' AND s.external_id IS NOT NULL))
        THEN coalesce(OLD.take_back_since, now()) END;
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION koppeling.order_take_back IS
    'Trigger: notes since when an order that stands at Boekuwzending has to leave the list there: it was withdrawn or '
    'erased, or we had a shipment booked for it, so that it could be shipped a second time (a staging shipment ships '
    'nothing, so it does not count); or its country is not known any more, and there it would be the Netherlands.';
CREATE OR REPLACE TRIGGER order_take_back
    BEFORE UPDATE OF state, erased_at, pushed_id, push_asked_at, ship_to_country
    ON koppeling.imported_order
    FOR EACH ROW
    WHEN (num_nonnulls(NEW.pushed_id, NEW.push_asked_at, NEW.take_back_since) > 0)
    EXECUTE FUNCTION koppeling.order_take_back();

CREATE OR REPLACE FUNCTION koppeling.shipment_takes_order_back()
RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, koppeling, pg_temp
AS $$
BEGIN
    UPDATE koppeling.imported_order o
    SET take_back_since = now()
    WHERE o.id = NEW.order_id AND o.take_back_since IS NULL AND num_nonnulls(o.pushed_id, o.push_asked_at) > 0;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION koppeling.shipment_takes_order_back IS
    'Trigger: an order for which a shipment exists by now has to leave the list at Boekuwzending.';
CREATE OR REPLACE TRIGGER shipment_takes_order_back
    AFTER INSERT OR UPDATE OF external_id
    ON koppeling.shipment
    FOR EACH ROW
    WHEN (NEW.external_id IS NOT NULL AND NEW.environment = 'production')
    EXECUTE FUNCTION koppeling.shipment_takes_order_back();
