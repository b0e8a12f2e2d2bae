"""A worker in 15 lines, see pool/PROTOCOL.md: JSON lines on descriptor 3. It may print what it likes."""
import collections, json, re, signal, traceback

def words(job): return dict(collections.Counter(re.findall(r"\w+", job["text"].lower())).most_common(job.get("most", 3)))

methods = {"words": words, "sum": sum, "divide": lambda job: job[0] / job[1]}
signal.signal(signal.SIGINT, signal.SIG_IGN)  # ^C is the parent's business.
requests, answers = open(3, encoding="utf-8"), open(3, "w", encoding="utf-8", closefd=False)
def send(**message): print(json.dumps(message, allow_nan=False), file=answers, flush=True)
send(ready={"version": 1, "methods": list(methods)})
for line in requests:
    job = json.loads(line)
    try: send(id=job["id"], result=methods[job["method"]](job["job"]))
    except Exception as e: send(id=job["id"], error={"message": str(e), "name": type(e).__name__, "stack": traceback.format_exc()})
