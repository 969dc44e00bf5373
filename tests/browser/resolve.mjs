// Loaded before a program that we start (`node --import`): every name is this machine, so that a real name can
// be asked for without touching the system's own table.

import dns from "node:dns";

const lookup = dns.lookup;
dns.lookup = (name, options, done) => lookup("127.0.0.1", options, done);
