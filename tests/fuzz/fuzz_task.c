/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The task service is asked anything, while workers, streams and processes
 * end in any order and with any result. Each byte says what happens next. In
 * the end everything is let go: each call was answered once, of each process
 * one end was told, and nothing is left.
 */
#include "tests/fuzz/fuzz.h"

#define WORLD_CHECK(condition) FUZZ_CHECK(condition)
#include "tests/unit/shim_world.h"

#define OPS_MAX 1024

/* "Wait" alone may stay without an answer: its connection is told gone. */
static const char *const verbs[] = {
	"State",      "Create", "Start",     "Delete",  "Pids",     "Pause",
	"Resume",     "Kill",   "Exec",      "CloseIO", "Update",   "Wait",
	"Checkpoint", "Stats",  "ResizePty", "Connect", "Nonsense",
};

struct input {
	const uint8_t *data;
	size_t size;
};

static uint8_t take(struct input *input)
{
	if (!input->size)
		return 0;
	input->size--;
	return *input->data++;
}

/* Any bytes: most are no message, or name nothing that is there. */
static void ask_bytes(struct input *input, const char *verb)
{
	size_t size = take(input);

	if (size > input->size)
		size = input->size;
	world_serve(verb, (struct ttrpc_bytes){ input->data, size });
	input->data += size;
	input->size -= size;
}

static char *name_of(uint8_t byte)
{
	static char names[4][3] = { "a", "b", "a1", "" };

	return names[byte % 4];
}

static void ask_create(uint8_t byte)
{
	auto_arena struct arena arena = { 0 };
	Msg__CreateRequest request = MESSAGE(CreateRequest, create_request);

	request.id = name_of(byte);
	request.bundle = message_text(byte & 0x40 ? "/full" : "/b");
	request.terminal = byte & 0x10;
	request.checkpoint = message_text(byte & 0x20 ? "/image" : "");
	world_serve("Create", message_pack(&arena, &request.base));
}

static void ask_exec(uint8_t byte)
{
	auto_arena struct arena arena = { 0 };
	Msg__ExecRequest request = MESSAGE(ExecRequest, exec_request);
	Msg__Any spec = MESSAGE(Any, any);

	request.id = name_of(byte);
	request.exec_id = name_of(byte >> 2);
	request.terminal = byte & 0x10;
	request.spec = byte & 0x20 ? NULL : &spec;
	world_serve("Exec", message_pack(&arena, &request.base));
}

/* What names a container and a process; further fields stay empty. */
static void ask_names(const char *verb, uint8_t byte)
{
	auto_arena struct arena arena = { 0 };
	Msg__KillRequest request = MESSAGE(KillRequest, kill_request);

	request.id = name_of(byte);
	request.exec_id = name_of(byte & 0x10 ? 3 : byte >> 2);
	request.all = byte & 0x20 && str_equal(verb, "Kill");
	request.signal = request.all ? SIGKILL : 0;
	world_serve(verb, message_pack(&arena, &request.base));
}

static void ask(struct input *input)
{
	const char *verb = verbs[take(input) % ARRAY_SIZE(verbs)];
	uint8_t byte = take(input);

	if (byte & 0x80)
		ask_bytes(input, verb);
	else if (str_equal(verb, "Create"))
		ask_create(byte);
	else if (str_equal(verb, "Exec"))
		ask_exec(byte);
	else
		ask_names(verb, byte);
}

/* ---- what happens by itself */

static void finish_work(uint8_t byte)
{
	struct world_work *work = world.works;
	size_t skip = byte & 0x0f;

	while (work && skip--)
		work = work->next;
	if (!work)
		return;
	if (byte & 0x20)
		world.orphan = world.last_pid + 1;
	world_work(work, byte & 0x10 ? -ENOENT : 0);
	world.orphan = 0;
}

static void move_io(uint8_t byte)
{
	struct io *io = world.ios;
	size_t skip = byte & 0x0f;

	while (io && skip--)
		io = io->next;
	if (io && io->ready)
		io_tell(io, byte & 0x10 ? -ECHILD : 0);
	else if (io && io->drained)
		world_drain(io);
}

static void end_process(uint8_t byte)
{
	struct process *process = process_of_pid(
		&world.shim, world.last_pid - (pid_t)(byte & 0x0f));

	if (process && process->pid > 0)
		world_exit(process, byte >> 4);
}

static void set_modes(uint8_t byte)
{
	world.io_mode = (enum world_io)(byte % 3);
	world.drains_late = byte & 0x10;
	world.shares_pids = byte & 0x20;
	world.no_workers = byte & 0x40;
	world.kill_result = byte & 0x80 ? -ESRCH : 0;
}

static void happen(struct input *input)
{
	uint8_t what = take(input);

	switch (what % 8) {
	case 0: finish_work(take(input)); break;
	case 1: move_io(take(input)); break;
	case 2: end_process(take(input)); break;
	case 3: set_modes(take(input)); break;
	default: ask(input); break;
	}
}

/* ---- the end of everything */

static bool let_io_go(void)
{
	struct io *io = world.ios;

	while (io && !io->ready && !io->drained)
		io = io->next;
	if (!io)
		return false;
	if (io->ready)
		io_tell(io, -ECHILD);
	else
		world_drain(io);
	return true;
}

static bool lives(const struct process *process)
{
	return process->pid > 0 &&
	       process_of_pid(&world.shim, process->pid) == process;
}

static bool end_one(struct container *container)
{
	struct process *process = &container->init;

	if (!lives(process))
		for (process = container->execs; process && !lives(process);
		     process = process->next)
			;
	if (process)
		world_exit(process, 0);
	return process != NULL;
}

static void ask_delete(const struct container *container)
{
	auto_arena struct arena arena = { 0 };
	Msg__ProcessRequest request = MESSAGE(ProcessRequest, process_request);

	request.id = message_text(container->id);
	world_serve("Delete", message_pack(&arena, &request.base));
}

static void delete_all(void)
{
	size_t rounds;

	set_modes(0);
	for (rounds = 0; rounds < WORLD_CALLS / 4; rounds++) {
		if (world.works)
			world_work(world.works,
			           world.works->job->starts ? -ENOENT : 0);
		else if (let_io_go())
			continue;
		else if (!world.shim.containers)
			break;
		else if (!end_one(world.shim.containers))
			ask_delete(world.shim.containers);
	}
}

static size_t count_events(const char *topic, const char *id)
{
	size_t count = 0;
	size_t i;

	for (i = 0; i < world.events_count; i++)
		count += str_equal(world.events[i].topic, topic) &&
		         str_equal(world.events[i].id, id);
	return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = { data, size };
	size_t ops = 0;
	uint32_t call;

	world_open();
	while (input.size && ops++ < OPS_MAX)
		happen(&input);
	delete_all();
	FUZZ_CHECK(!world.shim.containers && !world.works && !world.ios);
	for (call = 1; call <= world.last_call; call++)
		FUZZ_CHECK(world.answers[call] != -1);
	/* What was deleted was made, and its end was told before. */
	FUZZ_CHECK(count_events("/tasks/create", "a") ==
	           count_events("/tasks/delete", "a"));
	FUZZ_CHECK(count_events("/tasks/start", "b") <=
	           count_events("/tasks/exit", "b"));
	return 0;
}
