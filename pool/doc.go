// Package pool keeps worker processes and gives them jobs: it starts them, waits until they are ready, feeds them, replaces them
// when they die, age or grow, and ends them.
package pool
