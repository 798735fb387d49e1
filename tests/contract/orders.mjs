// Orders of a shop, valid by a document: node orders.mjs DOCUMENT COUNT SEED
// Writes a JSON array to standard output. What a schema leaves open (any text, any number) is thrown so that each reason for
// which an order is or is not imported comes up; members that decide nothing are left as generated. The same seed gives
// the same orders, but for dates, which count back from today.
import fs from 'node:fs';
import path from 'node:path';
import { createRequire } from 'node:module';

const require = createRequire(path.resolve(process.env.CONTRACT_TOOLS, 'package.json'));
const jsf = require('json-schema-faker');
const yaml = require('js-yaml');
const [document, count, seed] = process.argv.slice(2);

// mulberry32: small, public, and good enough to throw dice.
let state = Number(seed) >>> 0;
function random() {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
}
const chance = (probability) => random() < probability;
const pick = (...items) => items[Math.floor(random() * items.length)];
const hex = (digits) => Array.from({ length: digits }, () => Math.floor(random() * 16).toString(16)).join('');
const uuid = () => `${hex(8)}-${hex(4)}-4${hex(3)}-a${hex(3)}-${hex(12)}`;
const day = (ago) => new Date(Date.now() - ago * 86400000).toISOString().slice(0, 10);

// References are put in place, and words of OpenAPI 3.0 that a faker does not know are left out.
const api = yaml.load(fs.readFileSync(document, 'utf8'));
function whole(schema) {
    if (Array.isArray(schema)) {
        return schema.map(whole);
    }
    if (schema === null || typeof schema !== 'object') {
        return schema;
    }
    if (typeof schema.$ref === 'string') {
        return whole(schema.$ref.slice(2).split('/').reduce((at, key) => at[key], api));
    }
    const copy = {};
    for (const [key, value] of Object.entries(schema)) {
        if (!['example', 'examples', 'xml', 'nullable', 'readOnly', 'deprecated', 'description'].includes(key)
            || (typeof value === 'object' && value !== null)) {
            copy[key] = whole(value);
        }
    }
    if (copy.type === 'array') { // both, or the faker throws for hundreds of elements
        copy.maxItems = Math.min(copy.maxItems ?? 3, 3);
        copy.minItems = Math.min(copy.maxItems, 1);
    }
    if (copy.properties && !copy.type) {
        copy.type = 'object';
    }
    return copy;
}

jsf.format('uuid', uuid);
jsf.format('date', () => day(Math.floor(random() * 20)));
jsf.option({ random, optionalsProbability: 0.85, fillProperties: false, failOnInvalidTypes: false, maxItems: 3,
    useDefaultValue: false, useExamplesValue: false });

const order = whole(api.components.schemas.Order);
const isText = (value) => typeof value === 'string';

function address(given) {
    if (given === null || typeof given !== 'object' || Array.isArray(given)) {
        return;
    }
    const set = (name, ...values) => {
        if (name in given) {
            given[name] = pick(...values);
        }
    };
    set('street', 'Voorbeeldlaan', 'Havenstraat 220', "'s-Gravenweg", 'Büchnerstraße', given.street, '');
    set('number', '14', '14-bis', '12 A', '7', '');
    set('zipcode', '3511ZZ', '1000', '3511 zz', '');
    set('city', 'Utrecht', 'Brussel', 'Łódź', '');
    set('country_code', 'NL', 'NL', 'BE', 'DE', 'CH', '');
    set('country', 'Nederland', 'Belgi\u00eb', given.country);
    set('phone', '0612345678', '+32 470 12 34 56', given.phone, '');
    set('name', 'Fenna Testveld', 'Jan de Proef', given.name, '');
    set('company', '', '', 'Bakkerij & Zn');
}

function line(given) {
    given.type = pick('article', 'article', 'article', 'custom', 'payment', 'shipping', 'discount', 'bundle', given.type);
    given.quantity = pick(1, 1, 2, 3, 12, 0, -1);
    for (const name of ['weight', 'unit_weight']) {
        if (isText(given[name])) {
            given[name] = pick('0.85', '12.4', '0', '1');
        }
    }
    for (const article of Array.isArray(given.articles) ? given.articles : []) {
        article.id = 1 + Math.floor(random() * 9000);
        article.rate = '21.00'; // required by the document, though nobody saw it
        article.amount = '9.95';
    }
}

function shape(made, place) {
    const isNumberText = isText(made.number);
    made.number = isNumberText ? String(40001 + place) : 40001 + place;
    made.uuid = uuid();
    made.date = chance(0.12) ? day(45 + Math.floor(random() * 400)) : day(Math.floor(random() * 25));
    made.time = `1${Math.floor(random() * 10)}:${pick('00', '17', '42')}:${pick('00', '07', '59')}`;
    made.status = pick(1, 1, 3, 3, 3, 3, 2, 5);
    made.archived = chance(0.05);
    delete made.credited_order_number;
    if (chance(0.06)) {
        made.credited_order_number = 30001 + place;
    }
    made.credit_order_numbers = chance(0.1) ? [50001 + place] : [];
    delete made.offline_location_id;
    if (chance(0.08)) {
        made.offline_location_id = uuid();
    }
    made.currency = 'EUR';
    if (isText(made.weight)) {
        made.weight = pick('0.00', '1.5', '12.40', '0.05');
    }
    if (Array.isArray(made.orderlines)) {
        made.orderlines.forEach(line);
    }
    const debtor = made.debtor;
    debtor.email = pick('fenna@example.org', 'jan@example.org');
    for (const name of ['name', 'company', 'phone']) {
        if (isText(debtor[name])) {
            debtor[name] = pick('', '', debtor[name]);
        }
    }
    if (debtor.address && !Array.isArray(debtor.address)) {
        address(debtor.address.invoice);
        address(debtor.address.delivery);
    }
    return made;
}

// A schema allows most members to be left out, so hardly any order would have goods and an address by itself: in `full`
// those that decide are there.
function filled(schema) {
    if (Array.isArray(schema)) {
        return schema.map(filled);
    }
    if (schema === null || typeof schema !== 'object') {
        return schema;
    }
    const shapes = schema.anyOf?.filter((each) => each.maxItems !== 0);
    const copy = shapes?.length === 1 ? { ...shapes[0] } : { ...schema };
    for (const [key, value] of Object.entries(copy)) {
        copy[key] = filled(value);
    }
    const wanted = ['orderlines', 'address', 'invoice', 'delivery', 'street', 'number', 'zipcode', 'city', 'country_code'];
    const there = wanted.filter((name) => copy.properties && name in copy.properties);
    if (there.length > 0) {
        copy.required = [...new Set([...(copy.required ?? []), ...there])];
    }
    return copy;
}

const full = filled(order);

const orders = [];
for (let place = 0; place < Number(count); place++) {
    orders.push(shape(jsf.generate(chance(0.85) ? full : order), place));
}
process.stdout.write(JSON.stringify(orders));
