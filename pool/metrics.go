package pool

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
)

// WriteMetrics writes Stats in Prometheus's text format (version 0.0.4). The names are fixed:
//
//	brood_pool_tasks_submitted_total, brood_pool_tasks_settled_total{outcome}, brood_pool_task_retries_total,
//	brood_pool_tasks_waiting, brood_pool_tasks_running, brood_pool_waiting_bytes,
//	brood_pool_workers{state}, brood_pool_slots, brood_pool_worker_starts_total, brood_pool_worker_exits_total{reason},
//	brood_pool_messages_dropped_total{kind}, brood_pool_utilization_ratio, brood_pool_healthy, brood_pool_generation,
//	brood_pool_wait_seconds, brood_pool_run_seconds (histograms)
//
// Each has a label pool with Options.Name, unless that is empty. The error is that of w.
func (p *Pool) WriteMetrics(w io.Writer) error {
	s := p.Stats()
	m := &metrics{}
	if p.o.Name != "" {
		m.label = `pool="` + labelEscapes.Replace(strings.ToValidUTF8(p.o.Name, "\uFFFD")) + `"`
	}
	m.counter("tasks_submitted_total", "Tasks that were accepted.", sample{"", s.Submitted})
	m.counter("tasks_settled_total", "Tasks whose outcome is known.",
		sample{"outcome=\"succeeded\"", s.Succeeded}, sample{"outcome=\"refused\"", s.Refused}, sample{"outcome=\"crashed\"", s.Crashed},
		sample{"outcome=\"timed-out\"", s.TimedOut}, sample{"outcome=\"cancelled\"", s.Cancelled}, sample{"outcome=\"failed\"", s.Failed})
	m.counter("task_retries_total", "Runs of a task after the first.", sample{"", s.Retried})
	m.gauge("tasks_waiting", "Tasks that wait for a worker.", sample{"", s.Waiting})
	m.gauge("tasks_running", "Tasks that a worker has.", sample{"", s.Running})
	m.gauge("waiting_bytes", "Bytes of the jobs that wait.", sample{"", s.WaitingBytes})
	m.gauge("workers", "Worker processes.", sample{"state=\"starting\"", s.Starting}, sample{"state=\"idle\"", s.Idle},
		sample{"state=\"busy\"", s.Busy}, sample{"state=\"draining\"", s.Draining}, sample{"state=\"ending\"", s.Ending})
	m.gauge("slots", "Jobs that the ready workers can have at once.", sample{"", s.Slots})
	m.counter("worker_starts_total", "Worker processes that were started.", sample{"", s.Peak})
	var exits []sample
	for _, reason := range exitReasons {
		exits = append(exits, sample{"reason=" + strconv.Quote(string(reason)), s.Exits[reason]})
	}
	m.counter("worker_exits_total", "Worker processes that have exited.", exits...)
	m.counter("messages_dropped_total", "Messages of workers that were not used.",
		sample{"kind=\"late\"", s.Late}, sample{"kind=\"garbage\"", s.Garbage}, sample{"kind=\"foreign\"", s.Foreign})
	m.gauge("utilization_ratio", "Part of the time of all slots in which they had a job.", sample{"", s.Utilization})
	healthy := 0
	if p.Healthy() == nil {
		healthy = 1
	}
	m.gauge("healthy", "Whether jobs are answered.", sample{"", healthy})
	m.gauge("generation", "Generation of the workers.", sample{"", s.Generation})
	m.histogram("wait_seconds", "Time from submission to the beginning of a run.", s.Waited)
	m.histogram("run_seconds", "Time of runs with a result.", s.Ran)
	_, err := io.WriteString(w, m.text.String())
	return err
}

// labelEscapes escapes the value of a label. The format has no other escapes, and takes UTF-8 only.
var labelEscapes = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`)

// sample is one value of a metric, with the labels that only this sample has.
type sample struct {
	labels string
	value  any
}

type metrics struct {
	text  strings.Builder
	label string // label of every sample; "": none
}

func (m *metrics) head(name, help, kind string) {
	fmt.Fprintf(&m.text, "# HELP brood_pool_%s %s\n# TYPE brood_pool_%[1]s %[3]s\n", name, help, kind)
}

func (m *metrics) counter(name, help string, samples ...sample) {
	m.family(name, help, "counter", samples)
}

func (m *metrics) gauge(name, help string, samples ...sample) { m.family(name, help, "gauge", samples) }

func (m *metrics) family(name, help, kind string, samples []sample) {
	m.head(name, help, kind)
	for _, s := range samples {
		m.sample(name, s)
	}
}

func (m *metrics) sample(name string, s sample) {
	labels := strings.Trim(m.label+","+s.labels, ",")
	if labels != "" {
		labels = "{" + labels + "}"
	}
	fmt.Fprintf(&m.text, "brood_pool_%s%s %v\n", name, labels, s.value)
}

func (m *metrics) histogram(name, help string, h Histogram) {
	m.head(name, help, "histogram")
	var sum uint64
	for i, n := range h.Counts {
		sum += n
		bound := "+Inf"
		if i < len(h.Bounds) {
			bound = seconds(h.Bounds[i])
		}
		m.sample(name+"_bucket", sample{"le=" + strconv.Quote(bound), sum})
	}
	m.sample(name+"_sum", sample{"", seconds(h.Sum)})
	m.sample(name+"_count", sample{"", sum})
}

func seconds(d time.Duration) string { return strconv.FormatFloat(d.Seconds(), 'g', -1, 64) }
