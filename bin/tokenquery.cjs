#!/usr/bin/env node
'use strict';
// What npm links as the command `tokenquery`. The Node that npm used may lie anywhere, so the caller's PATH finds it.
// An old Node reads this file before it can be refused: nothing here is newer than Node 6, and nothing is loaded before.
const least = [22, 18];
const version = process.versions.node.split('.').map(Number);
const isOld = version[0] < least[0] || (version[0] === least[0] && version[1] < least[1]);

const refuse = (message, hint) => {
  process.stderr.write('tokenquery: error: ' + message + '\ntokenquery: hint: ' + hint + '\n');
  process.exitCode = 1;
};

// As root the launcher decides, as for every other way to install: whose Node and whose program may run, and with which
// environment (docs/security.md). It takes the place of this process.
const handOver = (launcher) => {
  const env = Object.assign({}, process.env, { TOKENQUERY_NODE: process.execPath });
  process.execve('/bin/sh', ['sh', launcher].concat(process.argv.slice(2)), env);
};

const start = () => {
  const fs = require('node:fs');
  const path = require('node:path');
  const built = path.join(__dirname, '../dist/tokenquery.cjs');
  if (!fs.existsSync(built)) refuse('the program is not built', 'run npm run build, or start bin/tokenquery');
  else if (process.geteuid && process.geteuid() === 0) handOver(path.join(__dirname, 'tokenquery'));
  else require(built).start();
};

// Some versions between lack the Node-API that SQLite's part needs, and would end without a word.
if (isOld || Number(process.versions.napi) < 10)
  refuse(
    'this is Node ' + process.version + ', and tokenquery needs Node 22.18 or newer',
    'install a newer Node, and with it tokenquery anew',
  );
else start();
