// Runs so many no-op jobs and prints how many milliseconds that took, set-up not counted.
// Arguments: connection string, jobs, concurrency, jobs per claim.
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const [modules, connectionString, jobs, concurrency, perClaim] = process.argv.slice(2);
const require = createRequire(pathToFileURL(`${modules}/`));
const { makeWorkerUtils, run, Logger } = require("graphile-worker");
const { Pool } = require("pg");

const pgPool = new Pool({ connectionString, max: Number(concurrency) + 4 });
const logger = new Logger(() => () => {});
const utils = await makeWorkerUtils({ pgPool, logger });
await utils.migrate();
await pgPool.query("select graphile_worker.add_job('noop', '{}'::json) from generate_series(1, $1)", [Number(jobs)]);
await pgPool.query("analyze");
await utils.release();

let left = Number(jobs);
let done;
const finished = new Promise((resolve) => { done = resolve; });
const worker = Number(perClaim) > 1
  ? { localQueue: { size: Number(perClaim) }, completeJobBatchDelay: 0 }
  : {};
const started = performance.now();
const runner = await run({
  pgPool,
  logger,
  concurrency: Number(concurrency),
  noHandleSignals: true,
  pollInterval: 1000,
  taskList: { noop: () => { if (--left === 0) done(); } },
  preset: { worker: { concurrentJobs: Number(concurrency), ...worker } },
});
await finished;
await runner.stop();
console.log(performance.now() - started);
await pgPool.end();
