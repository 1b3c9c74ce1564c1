/* SPDX-License-Identifier: Apache-2.0 */
/* Which network devices of the host the container gets. */
#include <errno.h>
#include <linux/sched.h>

#include "plan/decide.h"

int plan_net(struct planner *p, struct error *err)
{
	const struct oci_linux *config = p->spec->linux_;
	struct plan_net *net = &p->plan->net;
	size_t next = 0;
	size_t i;

	if (!config || config->net_devices_count == 0)
		return 0;
	if (p->facts->uid != 0)
		return error_set(err, ERROR_UNSUPPORTED, -EPERM,
		                 "linux.netDevices: only root can move network "
		                 "devices");
	/* A source for it: the path that is joined. */
	net->joined = !(p->plan->ns.created & CLONE_NEWNET);
	while (net->joined &&
	       p->plan->sources[net->source].namespace_type != CLONE_NEWNET)
		net->source++;
	net->args = arena_new_array(p->arena, char *,
	                            2 * config->net_devices_count + 2);
	net->args[next++] = arena_strdup(p->arena, "netdev");
	for (i = 0; i < config->net_devices_count; i++) {
		net->args[next++] =
			arena_strdup(p->arena, config->net_devices[i].name);
		net->args[next++] =
			arena_strdup(p->arena, config->net_devices[i].target);
	}
	return 0;
}
