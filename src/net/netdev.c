/* SPDX-License-Identifier: Apache-2.0 */
/* The helper that moves network devices, a program of its own (libmnl). */
#include <errno.h>
#include <fcntl.h>
#include <libmnl/libmnl.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/helper.h"

/*
 * netdev [HERE THERE]...: stdin is a socket of packets, stdout a network
 * namespace. Every device HERE becomes THERE in that namespace. Then it says
 * "ok", or in one packet why not, with all as it was. After "ok" it waits:
 * for a packet, which lets it go; or for the other end to close, upon which
 * it moves everything back.
 *
 * The kernel takes a device down and its addresses away when it moves, so
 * those that are permanent and global are added again. Routes are not.
 */

#define NAME_SIZE    IFNAMSIZ
#define MESSAGE_SIZE 8192
/* More devices than that of one template nobody has. */
#define TEMPLATE_MAX 4096
/* What has to be kept of an address's flags. */
#define ADDRESS_FLAGS                                               \
	(IFA_F_NODAD | IFA_F_MANAGETEMPADDR | IFA_F_NOPREFIXROUTE | \
	 IFA_F_MCAUTOJOIN)

struct address {
	struct address *next;
	struct nlmsghdr message; /* as the kernel told it */
};

struct device {
	const char *here;
	const char *wanted; /* there; perhaps with %d */
	char there[NAME_SIZE];
	bool up;
	bool moved;
	struct address *addresses;
};

/* One end of the way: a network namespace. */
struct place {
	struct mnl_socket *socket;
	int fd;
};

struct link_found {
	const char *name;
	int index;
	unsigned int flags;
};

struct address_search {
	int index;
	struct address **last;
};

/* ---- netlink */

static struct nlmsghdr *begin(char *buffer, uint16_t type, uint16_t flags)
{
	static unsigned int sequence;
	struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);

	message->nlmsg_type = type;
	message->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
	message->nlmsg_seq = ++sequence;
	return message;
}

/* Send MESSAGE and go through the answers. 0, or a negative errno. */
static int talk(const struct place *place, const struct nlmsghdr *message,
                mnl_cb_t callback, void *data)
{
	unsigned int port = mnl_socket_get_portid(place->socket);
	char buffer[32768];
	int result = 1;

	if (mnl_socket_sendto(place->socket, message, message->nlmsg_len) < 0)
		return -errno;
	while (result > 0) {
		ssize_t length = mnl_socket_recvfrom(place->socket, buffer,
		                                     sizeof(buffer));

		if (length < 0)
			return -errno;
		result = mnl_cb_run(buffer, (size_t)length, message->nlmsg_seq,
		                    port, callback, data);
	}
	return result < 0 ? -errno : 0;
}

/* libmnl's own loop over attributes, without a conversion that warns. */
static bool is_attribute(const struct nlmsghdr *message,
                         const struct nlattr *attr)
{
	const char *tail = mnl_nlmsg_get_payload_tail(message);

	return mnl_attr_ok(attr, (int)(tail - (const char *)attr));
}

#define FOR_EACH_ATTRIBUTE(attr, message, head)                        \
	for ((attr) = mnl_nlmsg_get_payload_offset((message), (head)); \
	     is_attribute((message), (attr)); (attr) = mnl_attr_next(attr))

static int on_link(const struct nlmsghdr *message, void *data)
{
	const struct ifinfomsg *info = mnl_nlmsg_get_payload(message);
	struct link_found *found = data;
	const struct nlattr *attr;

	FOR_EACH_ATTRIBUTE(attr, message, sizeof(*info))
	{
		if (mnl_attr_get_type(attr) != IFLA_IFNAME ||
		    strcmp(mnl_attr_get_str(attr), found->name) != 0)
			continue;
		found->index = info->ifi_index;
		found->flags = info->ifi_flags;
	}
	return MNL_CB_OK;
}

/* The device NAME. -ENODEV. */
static int find_link(const struct place *place, const char *name,
                     struct link_found *ret_found)
{
	struct link_found found = { .name = name };
	char buffer[MESSAGE_SIZE];
	struct nlmsghdr *message = begin(buffer, RTM_GETLINK, NLM_F_ACK);
	int result;

	mnl_nlmsg_put_extra_header(message, sizeof(struct ifinfomsg));
	mnl_attr_put_strz(message, IFLA_IFNAME, name);
	result = talk(place, message, on_link, &found);
	if (result == 0 && found.index == 0)
		result = -ENODEV;
	if (result == 0)
		*ret_found = found;
	return result;
}

static struct ifinfomsg *begin_link(char *buffer, int index,
                                    struct nlmsghdr **ret_message)
{
	struct nlmsghdr *message = begin(buffer, RTM_NEWLINK, NLM_F_ACK);
	struct ifinfomsg *info =
		mnl_nlmsg_put_extra_header(message, sizeof(*info));

	info->ifi_index = index;
	*ret_message = message;
	return info;
}

static int change_namespace(const struct place *from, const struct place *to,
                            int index, const char *name)
{
	char buffer[MESSAGE_SIZE];
	struct nlmsghdr *message;

	begin_link(buffer, index, &message);
	mnl_attr_put_u32(message, IFLA_NET_NS_FD, (uint32_t)to->fd);
	mnl_attr_put_strz(message, IFLA_IFNAME, name);
	return talk(from, message, NULL, NULL);
}

static int set_up(const struct place *place, int index)
{
	char buffer[MESSAGE_SIZE];
	struct nlmsghdr *message;
	struct ifinfomsg *info = begin_link(buffer, index, &message);

	info->ifi_flags = IFF_UP;
	info->ifi_change = IFF_UP;
	return talk(place, message, NULL, NULL);
}

/* ---- addresses */

static uint32_t address_flags(const struct nlmsghdr *message)
{
	const struct ifaddrmsg *info = mnl_nlmsg_get_payload(message);
	const struct nlattr *attr;
	uint32_t flags = info->ifa_flags;

	/* All 32 bits, where the kernel tells them. */
	FOR_EACH_ATTRIBUTE(attr, message, sizeof(*info))
	if (mnl_attr_get_type(attr) == IFA_FLAGS)
		flags = mnl_attr_get_u32(attr);
	return flags;
}

static int on_address(const struct nlmsghdr *message, void *data)
{
	const struct ifaddrmsg *info = mnl_nlmsg_get_payload(message);
	struct address_search *search = data;
	struct address *address;

	if ((int)info->ifa_index != search->index ||
	    info->ifa_scope != RT_SCOPE_UNIVERSE ||
	    !(address_flags(message) & IFA_F_PERMANENT))
		return MNL_CB_OK;
	address = calloc(1, sizeof(*address) + message->nlmsg_len);
	if (!address)
		return MNL_CB_ERROR;
	memcpy(&address->message, message, message->nlmsg_len);
	*search->last = address;
	search->last = &address->next;
	return MNL_CB_OK;
}

static int list_addresses(const struct place *place, int index,
                          struct address **ret_list)
{
	struct address_search search = { index, ret_list };
	char buffer[MESSAGE_SIZE];
	struct nlmsghdr *message = begin(buffer, RTM_GETADDR, NLM_F_DUMP);

	mnl_nlmsg_put_extra_header(message, sizeof(struct ifaddrmsg));
	return talk(place, message, on_address, &search);
}

/* A label begins with the name of the device, "eth0:1": with its new one. */
static void put_label(struct nlmsghdr *message, const char *label,
                      const char *before, const char *name)
{
	size_t length = strlen(before);
	char renamed[NAME_SIZE];

	if (strncmp(label, before, length) == 0 &&
	    (!label[length] || label[length] == ':')) {
		snprintf(renamed, sizeof(renamed), "%s%s", name,
		         label + length);
		label = renamed;
	}
	mnl_attr_put_strz(message, IFA_LABEL, label);
}

static void put_attribute(struct nlmsghdr *message, const struct nlattr *attr,
                          const char *before, const char *name)
{
	switch (mnl_attr_get_type(attr)) {
	case IFA_ADDRESS:
	case IFA_LOCAL:
	case IFA_BROADCAST:
	case IFA_RT_PRIORITY:
		mnl_attr_put(message, mnl_attr_get_type(attr),
		             mnl_attr_get_payload_len(attr),
		             mnl_attr_get_payload(attr));
		break;
	case IFA_LABEL:
		put_label(message, mnl_attr_get_str(attr), before, name);
		break;
	default: break;
	}
}

/* ADDRESS as it was, for device INDEX, which is NAME now and was BEFORE. */
static int add_address(const struct place *place, const struct address *address,
                       int index, const char *before, const char *name)
{
	const struct ifaddrmsg *from = mnl_nlmsg_get_payload(&address->message);
	char buffer[MESSAGE_SIZE];
	struct nlmsghdr *message = begin(
		buffer, RTM_NEWADDR, NLM_F_ACK | NLM_F_CREATE | NLM_F_REPLACE);
	struct ifaddrmsg *info =
		mnl_nlmsg_put_extra_header(message, sizeof(*info));
	const struct nlattr *attr;

	*info = *from;
	info->ifa_index = (uint32_t)index;
	info->ifa_flags = 0;
	FOR_EACH_ATTRIBUTE(attr, &address->message, sizeof(*from))
	put_attribute(message, attr, before, name);
	mnl_attr_put_u32(message, IFA_FLAGS,
	                 address_flags(&address->message) & ADDRESS_FLAGS);
	return talk(place, message, NULL, NULL);
}

static int add_addresses(const struct place *place, const struct device *device,
                         int index, const char *before, const char *name)
{
	const struct address *each;
	int result = 0;

	for (each = device->addresses; each && result == 0; each = each->next)
		result = add_address(place, each, index, before, name);
	return result;
}

/* ---- a device */

/* A name that is free there: what was asked for, or made of its template. */
static int choose_name(const struct place *there, struct device *device)
{
	const char *percent = strstr(device->wanted, "%d");
	struct link_found found;
	int result = -EEXIST;
	int i;

	for (i = 0; i < TEMPLATE_MAX && result == -EEXIST; i++) {
		int length;

		if (percent)
			length = snprintf(device->there, NAME_SIZE, "%.*s%d%s",
			                  (int)(percent - device->wanted),
			                  device->wanted, i, percent + 2);
		else
			length = snprintf(device->there, NAME_SIZE, "%s",
			                  device->wanted);
		if (length >= NAME_SIZE)
			return -ENAMETOOLONG;
		result = find_link(there, device->there, &found);
		if (result == 0)
			result = -EEXIST;
		if (!percent)
			break;
	}
	return result == -ENODEV ? 0 : result;
}

/* Addresses first: what the device says when it comes up is complete then. */
static int settle(const struct place *place, const struct device *device,
                  const char *before, const char *name, bool up)
{
	struct link_found found;
	int result = find_link(place, name, &found);

	if (result == 0)
		result =
			add_addresses(place, device, found.index, before, name);
	if (result == 0 && up)
		result = set_up(place, found.index);
	return result;
}

static int fail(const struct device *device, const char *what, int result)
{
	helper_say("\"%s\": %s: %s", device->here, what, strerror(-result));
	return result;
}

static int move_device(const struct place *here, const struct place *there,
                       struct device *device)
{
	struct link_found found;
	int result = find_link(here, device->here, &found);

	if (result < 0)
		return fail(device, "find the device", result);
	device->up = found.flags & IFF_UP;
	result = choose_name(there, device);
	if (result < 0)
		return fail(device, "name it as the config says", result);
	result = list_addresses(here, found.index, &device->addresses);
	if (result < 0)
		return fail(device, "list its addresses", result);
	result = change_namespace(here, there, found.index, device->there);
	/* Renamed as a second step: it may have gone and not be renamed. */
	device->moved =
		result == 0 || find_link(here, device->here, &found) == -ENODEV;
	if (result < 0)
		return fail(device, "move it to the container", result);
	result = settle(there, device, device->here, device->there, true);
	if (result < 0)
		return fail(device, "set it up in the container", result);
	return 0;
}

/* Back, with its name and addresses, and up if it was. */
static void move_back(const struct place *here, const struct place *there,
                      const struct device *device)
{
	const char *name = device->there;
	struct link_found found;
	int result = find_link(there, name, &found);

	if (result == -ENODEV) {
		name = device->here;
		result = find_link(there, name, &found);
	}
	if (result == 0)
		result = change_namespace(there, here, found.index,
		                          device->here);
	if (result == 0)
		settle(here, device, device->here, device->here, device->up);
}

static void move_all_back(const struct place *here, const struct place *there,
                          const struct device *devices, size_t count)
{
	while (count-- > 0)
		if (devices[count].moved)
			move_back(here, there, &devices[count]);
}

/* ---- the program */

/* In order: here while we are here, then there, where we stay. */
static int open_place(int fd, struct place *ret_place)
{
	ret_place->fd = fd;
	ret_place->socket = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	if (!ret_place->socket ||
	    mnl_socket_bind(ret_place->socket, 0, MNL_SOCKET_AUTOPID) < 0)
		return -errno;
	return 0;
}

static bool is_same(int one, int other)
{
	struct stat a;
	struct stat b;

	return fstat(one, &a) == 0 && fstat(other, &b) == 0 &&
	       a.st_ino == b.st_ino && a.st_dev == b.st_dev;
}

static int open_places(struct place *here, struct place *there)
{
	int fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	int result = fd < 0 ? -errno : open_place(fd, here);

	if (result == 0 && is_same(fd, STDOUT_FILENO)) {
		helper_say("the container's network namespace is runf's own");
		return -EINVAL;
	}
	if (result == 0 && setns(STDOUT_FILENO, CLONE_NEWNET) < 0)
		result = -errno;
	if (result == 0)
		result = open_place(STDOUT_FILENO, there);
	if (result < 0)
		helper_say("open the network namespaces: %s",
		           strerror(-result));
	return result;
}

/* What ends our caller is no reason to leave the work undone. */
static void stand_fast(void)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT,
		                       SIGPIPE };
	size_t i;

	for (i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		signal(signals[i], SIG_IGN);
}

static int move_all(const struct place *here, const struct place *there,
                    struct device *devices, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (move_device(here, there, &devices[i]) < 0)
			return -1;
	return 0;
}

int main(int argc, char **argv)
{
	size_t count = (size_t)(argc - 1) / 2;
	struct device *devices = calloc(count + 1, sizeof(*devices));
	struct place here;
	struct place there;
	char word[16];
	size_t i;

	stand_fast();
	if (!devices || open_places(&here, &there) < 0)
		return EXIT_FAILURE;
	for (i = 0; i < count; i++) {
		devices[i].here = argv[2 * i + 1];
		devices[i].wanted = argv[2 * i + 2];
	}
	if (move_all(&here, &there, devices, count) == 0) {
		helper_say("ok");
		if (recv(STDIN_FILENO, word, sizeof(word), 0) > 0)
			return EXIT_SUCCESS;
	}
	move_all_back(&here, &there, devices, count);
	return EXIT_FAILURE;
}
