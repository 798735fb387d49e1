// A job queue of Node that polls shops. Its argument is JSON: {queue, socket, database, inFlight, base, ca, http2}.
// It reads lines: "add KIND COUNT" enqueues jobs (of the kind poll or ping), "go" does them; it answers each with a
// line of JSON, and ends with its input.
import assert from 'node:assert';
import { createRequire } from 'node:module';
import readline from 'node:readline';
import pg from 'pg';
import { makePoll } from './poll.mjs';

const require = createRequire(import.meta.url);
const CONNECTIONS = 25; // to the database
const SHOPS = 500; // of the simulator
const settings = JSON.parse(process.argv[2]);
const pool = new pg.Pool({ host: settings.socket, database: settings.database, user: 'postgres', max: CONNECTIONS });
pool.on('error', (error) => { throw error; });
pool.on('connect', (client) => client.on('error', (error) => { throw error; }));
const poll = makePoll(settings, pool);
const tasks = { poll, ping: async () => {} };

// One round of jobs: when the first began, and a promise for the last.
class Round {
  constructor(count) {
    this.left = count;
    this.begun = null;
    this.done = new Promise((resolve, reject) => { this.resolve = resolve; this.reject = reject; });
  }

  async run(task, payload) {
    this.begun ??= Date.now();
    try {
      await task(payload);
    } catch (error) {
      this.reject(error);
      throw error;
    }
    if (--this.left === 0) {
      this.resolve();
    }
  }
}

const payloads = (count) => Array.from({ length: count }, (_, place) => (
  { integration: place + 1, token: `token-shop${place % SHOPS + 1}` }));

const sleep = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });
const isAnyLeft = async (query) => (await pool.query(query)).rows.length > 0;

// With its batching: a local queue, and completions that are written together.
async function graphileWorker() {
  const { run, makeWorkerUtils, Logger } = require('graphile-worker');
  const logger = new Logger(() => () => {});
  const utils = await makeWorkerUtils({ pgPool: pool, logger });
  await utils.migrate();
  return {
    add: (kind, count) => utils.addJobs(payloads(count).map((payload) => ({ identifier: kind, payload }))),
    async go(round) {
      const runner = await run({
        pgPool: pool, logger, noHandleSignals: true,
        taskList: Object.fromEntries(Object.entries(tasks).map(([kind, task]) => (
          [kind, (payload) => round.run(task, payload)]))),
        preset: {
          worker: {
            concurrentJobs: settings.inFlight,
            localQueue: { size: settings.inFlight * 5 / 4, refetchDelay: { durationMs: 10 } },
            completeJobBatchDelay: 0, failJobBatchDelay: 0,
          },
        },
      });
      await round.done;
      // The last completions are written behind.
      while (await isAnyLeft('SELECT 1 FROM graphile_worker._private_jobs LIMIT 1')) {
        await sleep(2);
      }
      round.ended = Date.now();
      await runner.stop();
    },
  };
}

// By fetch() and complete() in batches, so that a slot never waits for the slowest job of its batch.
async function pgBoss() {
  const PgBoss = require('pg-boss');
  const boss = new PgBoss({ db: { executeSql: (text, values) => pool.query(text, values) } });
  boss.on('error', (error) => { throw error; });
  await boss.start();
  const kinds = Object.keys(tasks);
  for (const kind of kinds) {
    await boss.createQueue(kind);
  }
  let added = null;
  return {
    async add(kind, count) {
      added = kind;
      await boss.insert(payloads(count).map((data) => ({ name: kind, data })));
    },
    async go(round) {
      const finished = [];
      let [flying, isWriting, wake] = [0, false, () => {}];
      const writeFinished = async () => {
        while (!isWriting && finished.length > 0) {
          isWriting = true;
          await boss.complete(added, finished.splice(0));
          isWriting = false;
        }
        wake();
      };
      const start = async ({ id, data }) => {
        flying++;
        await round.run(tasks[added], data);
        flying--;
        finished.push(id);
        await writeFinished();
      };
      while (round.left > 0) {
        const room = settings.inFlight - flying;
        const jobs = room * 8 >= settings.inFlight ? await boss.fetch(added, { batchSize: room }) : [];
        jobs.forEach((job) => { start(job).catch(round.reject); });
        if (jobs.length === 0) {
          await Promise.race([new Promise((resolve) => { wake = resolve; }), round.done]);
        }
      }
      await round.done;
      while (isWriting || finished.length > 0) {
        await sleep(2);
      }
      round.ended = Date.now();
      assert(!await isAnyLeft("SELECT 1 FROM pgboss.job WHERE state <> 'completed' LIMIT 1"));
    },
  };
}

const queue = await { 'graphile-worker': graphileWorker, 'pg-boss': pgBoss }[settings.queue]();
const say = (words) => process.stdout.write(`${JSON.stringify(words)}\n`);
say({ ready: true });
let count = 0;
for await (const line of readline.createInterface({ input: process.stdin })) {
  const [verb, kind, amount] = line.split(' ');
  if (verb === 'add') {
    count = Number(amount);
    await queue.add(kind, count);
    say({ added: count });
  } else {
    const round = new Round(count);
    await queue.go(round);
    say({ begun: round.begun / 1000, ended: round.ended / 1000 });
  }
}
process.exit(0);
