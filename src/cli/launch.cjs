#!/usr/bin/env node
// Hosts use the first Node that they find. Even a very old Node can parse this file,
// so that the user sees one line instead of a syntax error.
'use strict';
var parts = process.versions.node.split('.');
var major = Number(parts[0]);
var minor = Number(parts[1]);
if (major < 20 || (major === 20 && minor < 19)) {
  process.stderr.write('zoho-payments-mcp needs Node 20.19 or newer; this is Node ' + process.versions.node + '.\n');
  process.exit(1);
} else {
  require('./start.cjs');
}
