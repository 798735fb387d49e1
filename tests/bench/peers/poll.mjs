// A poll, as a back end in Node would do it: GET the open orders of a shop, tell by a hash which of them are new, and
// store these, with their lines and their text, in the tables that Koppeling fills. The first poll of a shop also asks
// for the count of its orders, as Koppeling does.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import http2 from 'node:http2';
import undici from 'undici';

const KNOWN = {
  name: 'known',
  text: `SELECT i.list_ends_at IS NULL AS "isFirst", ARRAY(
             SELECT o.payload_hash::text FROM koppeling.imported_order o
             WHERE o.integration_id = i.id AND o.state IN ('open', 'label_created')) AS known
         FROM koppeling.integration i WHERE i.id = $1`,
};
const STORE = {
  name: 'store',
  text: `WITH incoming AS MATERIALIZED (
             SELECT * FROM json_to_recordset($2::json) AS w (
                 order_uuid uuid, order_number text, ordered_at timestamp, shop_status integer, paid boolean, name text,
                 company text, street text, number text, number_addition text, postcode text, city text, country text,
                 email text, phone text, weight_kg numeric, total numeric, currency text, business_model text,
                 customer_comment text, payload json, content_hash text, address_hash text, goods_hash text,
                 payload_hash bigint, lines json)
         ), stored AS (
             INSERT INTO koppeling.imported_order AS o (
                 integration_id, order_uuid, order_number, ordered_at, shop_status, paid, ship_to_name, ship_to_company,
                 ship_to_street, ship_to_number, ship_to_number_addition, ship_to_postcode, ship_to_city,
                 ship_to_country, private_address, email, phone, weight_kg, total, currency, business_model,
                 customer_comment, payload, content_hash, address_hash, goods_hash, payload_hash)
             SELECT $1, order_uuid, order_number, ordered_at AT TIME ZONE 'Europe/Amsterdam', shop_status, paid, name,
                    company, street, number, number_addition, postcode, city, country, company IS NULL, email, phone,
                    weight_kg, total, currency, business_model, customer_comment, payload, decode(content_hash, 'hex'),
                    decode(address_hash, 'hex'), decode(goods_hash, 'hex'), payload_hash
             FROM incoming
             ON CONFLICT (integration_id, order_uuid) DO UPDATE
             SET shop_status = excluded.shop_status, paid = excluded.paid, payload = excluded.payload,
                 content_hash = excluded.content_hash, address_hash = excluded.address_hash,
                 goods_hash = excluded.goods_hash, payload_hash = excluded.payload_hash, changed_at = now()
             RETURNING o.id, o.order_uuid
         )
         INSERT INTO koppeling.order_line (
             order_id, position, line_id, kind, quantity, description, sku, weight_kg, unit_price)
         SELECT s.id, x.*
         FROM stored s
         JOIN incoming n USING (order_uuid)
         CROSS JOIN LATERAL json_to_recordset(n.lines) AS x (
             position integer, line_id text, kind text, quantity integer, description text, sku text,
             weight_kg numeric, unit_price numeric)
         ON CONFLICT (order_id, position) DO NOTHING`,
};
const POLLED = {
  name: 'polled',
  text: `UPDATE koppeling.integration
         SET last_polled_at = now(), polls = polls + 1, unchanged_polls = unchanged_polls + $2::integer,
             list_ends = coalesce($3, list_ends), list_ends_at = CASE WHEN $3 IS NULL THEN list_ends_at ELSE now() END
         WHERE id = $1`,
};
const FILTER = 'format=json&status_id=1&archived=false&test=false';

const md5 = (text) => createHash('md5').update(text).digest();
const hex = (value) => md5(JSON.stringify(value)).toString('hex');
const orNull = (text) => (text === '' || text === undefined ? null : text);

// HTTP/1.1: as many connections as calls. Returns a function that GETs a path: its status and its text.
function connectHttp1({ base, ca, inFlight }) {
  const tls = ca ? { connect: { ca: readFileSync(ca) } } : {};
  const http = new undici.Pool(base, { connections: inFlight, pipelining: 1, ...tls });
  return async (path) => {
    const { statusCode, body } = await http.request({ path, method: 'GET' });
    return { status: statusCode, text: await body.text() };
  };
}

// HTTP/2: connections that carry a hundred calls each. By Node's own client: undici's is an experiment, and fails.
function connectHttp2({ base, ca, inFlight }) {
  const options = { ca: readFileSync(ca) };
  const sessions = Array.from({ length: Math.ceil(inFlight / 100) }, () => http2.connect(base, options));
  let next = 0;
  return (path) => new Promise((resolve, reject) => {
    const stream = sessions[next++ % sessions.length].request({ ':path': path });
    let [status, text] = [0, ''];
    stream.setEncoding('utf8');
    stream.on('response', (headers) => { status = headers[':status']; });
    stream.on('data', (chunk) => { text += chunk; });
    stream.on('end', () => { resolve({ status, text }); });
    stream.on('error', reject);
    stream.end();
  });
}

// "Dorpsstraat 12b" in one field, or in two.
function splitAddress({ street, number }) {
  const found = /^(.*?)\s*(\d+)\s*(.*)$/.exec(`${street} ${number}`.trim()) ?? [null, street, null, null];
  return { street: found[1], number: found[2], number_addition: orNull(found[3]) };
}

function mapLine(line, place) {
  const amount = line.price?.[0]?.amount_including_tax;
  return {
    position: place + 1, line_id: String(line.id), kind: line.type, quantity: line.quantity,
    description: line.description, sku: line.articles?.[0]?.sku ?? null,
    weight_kg: line.weight ? line.weight / line.quantity : null,
    unit_price: amount === undefined ? null : amount / line.quantity,
  };
}

// The columns of an order; null for one that is not to be sent.
function mapOrder(order, text, payloadHash) {
  const goods = (order.orderlines ?? []).filter((line) => line.type === 'article' && line.quantity > 0);
  if (goods.length === 0 || /^T-|-T$/i.test(order.number)) {
    return null;
  }
  const { delivery, invoice } = order.debtor.address;
  const given = delivery?.street ? delivery : invoice;
  const address = {
    name: given.name, company: orNull(given.company), ...splitAddress(given), postcode: given.zipcode,
    city: given.city, country: given.country_code, email: order.debtor.email,
    phone: orNull(given.phone?.replace(/\(0\)|[^+\d]/g, '')),
  };
  const lines = goods.map(mapLine);
  const mapped = {
    ...address, order_uuid: order.uuid, order_number: String(order.number), ordered_at: `${order.date} ${order.time}`,
    shop_status: order.status, paid: order.payment?.paid ?? false, weight_kg: Number(order.weight) || 1,
    total: order.price?.total, currency: order.currency, business_model: order.business_model,
    customer_comment: orNull(order.comments?.customer), lines,
  };
  return {
    ...mapped, content_hash: hex(mapped), address_hash: hex(address), goods_hash: hex(lines),
    payload_hash: payloadHash, payload: order,
  };
}

// Returns the function that polls one shop: ({integration, token}).
export function makePoll(settings, pool) {
  const call = settings.http2 ? connectHttp2(settings) : connectHttp1(settings);
  const get = async (path, token) => {
    const { status, text } = await call(`${path}&token=${token}&partner_token=partner-bench`);
    if (status !== 200) {
      throw new Error(`${path}: HTTP ${status}`);
    }
    return JSON.parse(text);
  };
  return async ({ integration, token }) => {
    const asked = await pool.query({ ...KNOWN, values: [integration] });
    const { isFirst } = asked.rows[0];
    const known = new Set(asked.rows[0].known);
    const orders = await get(`/v1/orders?${FILTER}&ordering=desc&limit=100&offset=0`, token);
    const rows = [];
    for (const order of orders) {
      const text = JSON.stringify(order);
      const hash = md5(text).readBigInt64LE().toString();
      const row = known.has(hash) ? null : mapOrder(order, text, hash);
      if (row !== null) {
        rows.push(row);
      }
    }
    const count = isFirst ? await get(`/v1/orders/count?${FILTER}`, token) : null;
    const ends = isFirst ? JSON.stringify({ 1: { listed: orders.length, count } }) : null;
    if (rows.length > 0) {
      await pool.query({ ...STORE, values: [integration, JSON.stringify(rows)] });
    }
    await pool.query({ ...POLLED, values: [integration, rows.length === 0 ? 1 : 0, ends] });
  };
}
