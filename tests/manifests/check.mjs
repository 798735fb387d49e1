// Holds objects of Kubernetes against its schemas: check.mjs < [{"from": "a file", "object": {...}}, ...]
// Types know which members there are, and validators which values a member may have. It runs beside node_modules.
import { readFileSync, writeFileSync } from "node:fs";
import { execFileSync } from "node:child_process";
import { createRequire } from "node:module";

// Of the group barmancloud.cnpg.io no schema is published; the part that matters is one of the operator's own types.
const OWN = {
  "barmancloud.cnpg.io/v1 ObjectStore": {
    module: "@kubernetes-models/cloudnative-pg/github.com/cloudnative-pg/barman-cloud/pkg/api",
    name: "BarmanObjectStoreConfiguration",
    part: (object) => object.spec.configuration,
  },
};

function schemaOf(object) {
  const { apiVersion, kind } = object;
  const own = OWN[`${apiVersion} ${kind}`];
  if (own) {
    return own;
  }
  const home = apiVersion.startsWith("keda.sh/") ? "@kubernetes-models/keda"
    : apiVersion.startsWith("postgresql.cnpg.io/") ? "@kubernetes-models/cloudnative-pg" : "kubernetes-models";
  return { module: `${home}/${apiVersion}`, name: kind, part: (whole) => whole };
}

// The checked names of members: a literal of a type may have no others.
function checkTypes(items) {
  const lines = items.flatMap(({ object }, i) => {
    const { module, name, part } = schemaOf(object);
    return [`import type { I${name} as T${i} } from "${module}";`,
      `export const o${i}: T${i} = ${JSON.stringify(part(object))};`];
  });
  writeFileSync("objects.ts", lines.join("\n") + "\n");
  const tsc = createRequire(import.meta.url).resolve("typescript/bin/tsc");
  try {
    const flags = ["--noEmit", "--strict", "--skipLibCheck", "--module", "nodenext"];
    execFileSync(process.execPath, [tsc, ...flags, "objects.ts"], { encoding: "utf8" });
    return [];
  } catch (error) {
    return String(error.stdout).split("\n").filter((line) => line !== "").map((line) =>
      line.replace(/^objects\.ts\((\d+),\d+\)/, (_, at) => describe(items[Math.floor((at - 1) / 2)])));
  }
}

function describe({ from, object }) {
  return `${from}: ${object.kind} ${object.metadata?.name}`;
}

async function checkValues(item) {
  const { module, name, part } = schemaOf(item.object);
  const Model = (await import(module))[name];
  try {
    new Model(part(item.object)).validate();
    return [];
  } catch (error) {
    return [`${describe(item)}: ${error.message}`];
  }
}

const items = JSON.parse(readFileSync(0, "utf8"));
const faults = [...checkTypes(items), ...(await Promise.all(items.map(checkValues))).flat()];
for (const fault of faults) {
  console.log(fault);
}
process.exitCode = faults.length === 0 ? 0 : 1;
