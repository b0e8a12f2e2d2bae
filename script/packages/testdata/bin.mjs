#!/usr/bin/env zx

const { stdout } = await $`echo ${argv._}`;
console.log(stdout.trim(), typeof require, typeof fs.readFileSync, typeof chalk.red);
