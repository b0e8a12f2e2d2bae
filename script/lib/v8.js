'use strict';

// The parts of Node's module v8 that make sense for another engine; the others throw.

const { codes: { ERR_FEATURE_UNAVAILABLE_ON_PLATFORM } } = require('internal/errors');
const { validateString } = require('internal/validators');

const unavailable = (name) => ({ [name]() { throw new ERR_FEATURE_UNAVAILABLE_ON_PLATFORM(`v8.${name}`); } })[name];

function getHeapStatistics() {
  const { heapTotal, heapUsed, rss } = process.memoryUsage();
  return {
    total_heap_size: heapTotal, total_heap_size_executable: 0, total_physical_size: rss,
    total_available_size: 2 ** 32, used_heap_size: heapUsed, heap_size_limit: 2 ** 32, malloced_memory: heapUsed,
    peak_malloced_memory: heapUsed, does_zap_garbage: 0, number_of_native_contexts: 1, number_of_detached_contexts: 0,
    total_global_handles_size: 0, used_global_handles_size: 0, external_memory: 0, total_allocated_bytes: heapUsed,
  };
}

module.exports = {
  serialize: (value) => require('internal/serdes').serialize(value),
  deserialize: (buffer) => require('internal/serdes').deserialize(buffer),
  cachedDataVersionTag: () => 0x62726f6f,
  getHeapStatistics,
  getHeapSpaceStatistics: () => [],
  getHeapCodeStatistics: () => ({
    code_and_metadata_size: 0, bytecode_and_metadata_size: 0, external_script_source_size: 0,
    cpu_profiler_metadata_size: 0,
  }),
  setFlagsFromString(flags) { validateString(flags, 'flags'); },
  startupSnapshot: { isBuildingSnapshot: () => false },
  isStringOneByteRepresentation(content) {
    validateString(content, 'content');
    return /^[\0-\xff]*$/.test(content);
  },
};

for (const name of ['getHeapSnapshot', 'writeHeapSnapshot', 'takeCoverage', 'stopCoverage', 'queryObjects',
  'setHeapSnapshotNearHeapLimit',
  'getCppHeapStatistics', 'startCpuProfile']) {
  module.exports[name] = unavailable(name);
}
