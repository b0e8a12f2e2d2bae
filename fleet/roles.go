package fleet

// A Role is a set of rights of a user. The servers enforce it, whatever the user's program tries.
type Role string

// The roles.
const (
	// RoleClient may submit jobs to its queues under its own name, wait for them, cancel them and
	// look at them. It has no access to the jobs of other clients.
	RoleClient Role = "client"

	// RoleAgent may take jobs from its queues, and store results, dead jobs and payloads for all
	// clients. The clients must trust it.
	RoleAgent Role = "agent"

	// RoleMover may queue delayed jobs, and therefore jobs of all clients.
	RoleMover Role = "mover"

	// RoleAdmin may do everything that this package does.
	RoleAdmin Role = "admin"
)

// Permissions are the subjects that a user may publish to and subscribe to, as in the configuration
// of a server. Responses: the user may answer requests.
type Permissions struct {
	Publish, Subscribe []string
	Responses          bool
}

// PermissionsFor returns the permissions of a user, for the configuration of a server that was not
// started by Serve. The user's inbox begins with "_INBOX_" and its name. queues nil means all.
// clients are the clients whose large payloads an agent may load and store.
//
// A server sends an answer to any subject that the request names, even if the user has no right to
// publish there, except JetStream's own subjects. In one account with the agents a client could
// send them answers in this way. So each client should have an account of its own that imports
// these subjects, as with Serve.
func PermissionsFor(fleet, user string, role Role, queues, clients []string) (*Permissions, error) {
	if fleet == "" {
		fleet = defaultName
	}
	if err := checkToken("fleet", fleet); err != nil {
		return nil, err
	}
	if err := checkToken("user", user); err != nil {
		return nil, err
	}
	for _, list := range [][]string{queues, clients} {
		for _, s := range list {
			if err := checkToken("queue or client", s); err != nil {
				return nil, err
			}
		}
	}
	if len(queues) == 0 {
		queues = []string{"*"}
	}
	n := names{fleet}
	p := &Permissions{
		Publish:   []string{"$JS.API.INFO", "$JS.API.STREAM.INFO." + n.jobs()},
		Subscribe: []string{inbox(user) + ".>"},
	}
	switch role {
	case RoleClient:
		p.client(n, user, queues)
	case RoleAgent:
		p.agent(n, queues, clients)
	case RoleMover:
		p.mover(n)
	case RoleAdmin:
		p.Publish = append(p.Publish, fleet+".>", "$JS.API.>", "$JS.ACK.>", "$JS.FC.>", "$KV.>", "$O.>", "$SRV.>")
		p.Subscribe = append(p.Subscribe, fleet+".>", "$SRV.>")
		p.Responses = true
	default:
		return nil, &OptionError{"role", "there is none called " + string(role)}
	}
	return p, nil
}

func (p *Permissions) client(n names, user string, queues []string) {
	mine := jobID{user, "*"}
	for _, q := range queues {
		p.Publish = append(p.Publish, n.job(q, mine), n.delayed(q, mine),
			directGet(n.jobs(), n.job(q, mine)), directGet(n.later(), n.delayed(q, mine)),
			directGet(n.clock(), n.at(q, mine)), directGet(n.clock(), n.due(q, mine)))
	}
	p.Publish = append(p.Publish, n.cancel(mine), directGet(n.results(), n.result(mine)), directGet(n.dead(), n.deadJob(mine)),
		directGet(n.tries(), n.try(mine)))
	p.Subscribe = append(p.Subscribe, n.done(user), n.event(mine))
	p.store(n.jobBucket(user))
	p.load(n.jobBucket(user))
	p.load(n.resultBucket(user))
}

func (p *Permissions) agent(n names, queues, clients []string) {
	all := jobID{"*", "*"}
	for _, q := range queues {
		p.Publish = append(p.Publish, "$JS.API.CONSUMER.INFO."+n.jobs()+"."+q, "$JS.API.CONSUMER.MSG.NEXT."+n.jobs()+"."+q)
		p.acks(n.jobs(), q)
	}
	p.Publish = append(p.Publish, n.result(all), n.deadJob(all), n.event(all), n.try(all),
		directGet(n.results(), n.result(all)), directGet(n.dead(), n.deadJob(all)), directGet(n.tries(), n.try(all)),
		directGet(n.cancels(), n.cancel(all)))
	p.Subscribe = append(p.Subscribe, n.fleet+".ctl.>", "$SRV.>")
	p.Responses = true
	for _, c := range clients {
		for _, bucket := range []string{n.jobBucket(c), n.resultBucket(c)} {
			p.store(bucket)
			p.load(bucket)
		}
	}
}

func (p *Permissions) mover(n names) {
	for _, stream := range []string{n.later(), n.clock()} {
		p.Publish = append(p.Publish, "$JS.API.CONSUMER.INFO."+stream+"."+moverName,
			"$JS.API.CONSUMER.MSG.NEXT."+stream+"."+moverName)
		p.acks(stream, moverName)
	}
	all := jobID{"*", "*"}
	p.Publish = append(p.Publish, n.at("*", all), n.job("*", all), n.deadJob(all), directGet(n.jobs(), n.job("*", all)),
		directGet(n.clock(), n.at("*", all)), directGet(n.results(), n.result(all)), directGet(n.dead(), n.deadJob(all)),
		"$JS.API.STREAM.INFO."+n.later(), "$JS.API.STREAM.INFO."+n.clock())
}

// acks allows acknowledgements, whose subjects have two forms.
func (p *Permissions) acks(stream, consumer string) {
	p.Publish = append(p.Publish, "$JS.ACK."+stream+"."+consumer+".>", "$JS.ACK.*.*."+stream+"."+consumer+".>")
}

// directGet returns the subject that asks a stream for the last message on subject.
func directGet(stream, subject string) string { return "$JS.API.DIRECT.GET." + stream + "." + subject }

func (p *Permissions) load(bucket string) {
	p.Publish = append(p.Publish, "$JS.API.DIRECT.GET.OBJ_"+bucket, "$JS.API.DIRECT.GET.OBJ_"+bucket+".>")
}

// store allows to write to a bucket and to delete from it. Only RoleAdmin may create consumers,
// because a server sends the messages of a stream to any subject that a consumer names.
func (p *Permissions) store(bucket string) {
	p.Publish = append(p.Publish, "$O."+bucket+".C.*", "$O."+bucket+".M.*", "$JS.API.STREAM.INFO.OBJ_"+bucket,
		"$JS.API.STREAM.PURGE.OBJ_"+bucket)
}
