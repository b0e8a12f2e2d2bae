// Package sandbox has the kernel refuse system calls, by filters of seccomp(2), as container
// runtimes and service managers do: [Refuse] on one thread, for one test, and [Force] in the whole
// program, for a run of all tests.
//
// A filter is inherited by children and cannot be taken back.
package sandbox

// variable names the environment variable that lists the calls for [Force].
const variable = "BROOD_TEST_REFUSE"
