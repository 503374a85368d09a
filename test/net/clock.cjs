// Loaded before the program: its clock stands still, so that `ingested_time` and `:now` are the same in every run.
const now = Number(process.env.TOKENQUERY_NET_TIME) * 1000;
Date.now = () => now;
