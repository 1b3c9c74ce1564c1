/* SPDX-License-Identifier: Apache-2.0 */
/* What is made for init on another CPU: namespaces and mounts. */
#include <errno.h>

#include "base/fd.h"
#include "engine/creation.h"
#include "engine/sync.h"

_Static_assert(PLAN_BESIDE_MAX <= SYNC_FDS_MAX, "all fit into one message");

struct beside {
	int mounts[PLAN_BESIDE_MAX];
	size_t count;
};

static void beside_close(struct beside *beside)
{
	while (beside->count)
		fd_close(&beside->mounts[--beside->count]);
}

#define auto_beside cleanup_with(beside_close)

static int beside_make(struct beside *beside, const struct plan_step *step,
                       struct error *err)
{
	size_t index = step->beside - 1;
	int result;

	if (step->kind != PLAN_STEP_MOUNT)
		return rootfs_fill_beside(beside->mounts[index], step, err);
	result = rootfs_make_beside(&step->mount, &beside->mounts[index], err);
	if (result == 0)
		beside->count++;
	return result;
}

/* The plan's order: a mount comes before what is made in it. */
static int creation_mount_beside(struct creation *c, struct error *err)
{
	auto_beside struct beside beside = { .count = 0 };
	int result = 0;
	size_t i;

	for (i = 0; i < c->plan->steps_count && result == 0; i++)
		if (c->plan->steps[i].beside)
			result = beside_make(&beside, &c->plan->steps[i], err);
	if (result < 0 || !beside.count)
		return result;
	result = sync_send_fds(c->sync[0], SYNC_MOUNTS, beside.mounts,
	                       beside.count);
	/* If init is gone, its last words say why. */
	if (result < 0 && result != -EPIPE && result != -ECONNRESET)
		return error_system(err, result, "send mounts to init");
	return 0;
}

/*
 * On a busy machine, or one with two CPUs, the maker waits for ours, and init
 * would wait for the maker: so it goes first. What we have to do takes half
 * of what init still has to do. Only who moves init, and waits for that in
 * the kernel anyway, begins at once.
 */
int creation_help(struct creation *c, struct error *err)
{
	int helped = c->plan->ns.helped;
	int result = 0;

	if (helped)
		result = maker_start(helped, c->sync[0], &c->maker, err);
	if (result == 0)
		result = creation_mount_beside(c, err);
	if (result == 0 && !creation_moves_init(c))
		result = maker_collect(&c->maker, err);
	return result < 0 ? creation_blame_init(c, result, err) : 0;
}
