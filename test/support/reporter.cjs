// A mocha reporter for scripts/run-level.mjs: failures in full, skips with their reason, and the counts in a file.
const { writeFileSync } = require('node:fs');
const { reporters, Runner } = require('mocha');

module.exports = class Counting extends reporters.Base {
  constructor(runner, options) {
    super(runner, options);
    const counts = { passed: 0, failed: 0, skipped: 0 };
    runner.on(Runner.constants.EVENT_TEST_PASS, () => counts.passed++);
    runner.on(Runner.constants.EVENT_TEST_FAIL, () => counts.failed++);
    runner.on(Runner.constants.EVENT_TEST_PENDING, (test) => {
      counts.skipped++;
      console.log(`skipped: ${test.fullTitle()}`);
    });
    runner.once(Runner.constants.EVENT_RUN_END, () => {
      if (this.failures.length > 0) reporters.Base.list(this.failures);
      if (process.env.ORLOP_TEST_COUNTS) writeFileSync(process.env.ORLOP_TEST_COUNTS, JSON.stringify(counts));
    });
  }
};
