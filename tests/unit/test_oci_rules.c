/* SPDX-License-Identifier: Apache-2.0 */
/* The top of config.json and process: each rule broken once. */
#include "oci_rules.h"

/* clang-format off */
static const struct row process_rows[] = {
	{ .path = NULL },
	{ P("'env':['A=','B=c=d']") },
	{ P("'env':['A']"), AT("process.env[0]", 3), "'A' is not KEY=VALUE" },
	{ P("'env':['A=1',\n'=b']"), AT("process.env[1]", 4), "'=b'" },
	{ P("'env':[null]"), AT("process.env[0]", 3), "'' is not" },
	{ P("'env':'A=1'"), AT("process.env", 3), "must be an array" },
	{ P("'terminal':1"), AT("process.terminal", 3), "must be a boolean" },
	{ P("'consoleSize':{'height':70000,'width':1}"),
	  AT("process.consoleSize.height", 3), "70000 is out of range" },
	{ P("'user':{'uid':-1}"), AT("process.user.uid", 3), "out of range" },
	{ P("'user':{'uid':4294967295}"), AT("process.user.uid", 3),
	  "4294967295 is not an id" },
	{ P("'user':{'gid':4294967295}"), AT("process.user.gid", 3), "" },
	{ P("'user':{'additionalGids':[1,\n4294967295]}"),
	  AT("process.user.additionalGids[1]", 4), "is not an id" },
	{ P("'user':{'additionalGids':[1.5]}"),
	  AT("process.user.additionalGids[0]", 3), "not a whole number" },
	{ P("'user':{'umask':511}") },
	{ P("'user':{'umask':512}"), AT("process.user.umask", 3), "512" },
	{ P("'rlimits':[{'type':'RLIMIT_FOO','soft':1,'hard':1}]"),
	  AT("process.rlimits[0].type", 3),
	  "unknown resource limit 'RLIMIT_FOO'" },
	{ P("'rlimits':[{'soft':1,'hard':1}]"),
	  AT("process.rlimits[0].type", 3), "missing" },
	{ P("'rlimits':[{'type':'RLIMIT_CPU','hard':1}]"),
	  AT("process.rlimits[0].soft", 3), "missing" },
	{ P("'rlimits':[{'type':'RLIMIT_CPU','soft':1}]"),
	  AT("process.rlimits[0].hard", 3), "missing" },
	{ P("'rlimits':[{'type':'RLIMIT_CPU','soft':2,\n'hard':1}]"),
	  AT("process.rlimits[0].hard", 4), "1 is less than soft, 2" },
	{ P("'rlimits':[{'type':'RLIMIT_CPU','soft':-1,'hard':1}]"),
	  AT("process.rlimits[0].soft", 3), "-1 is out of range" },
	{ P("'rlimits':[{'type':'RLIMIT_CPU','soft':1,'hard':1},\n"
	    "{'type':'RLIMIT_CPU','soft':1,'hard':1}]"),
	  AT("process.rlimits[1].type", 4), "'RLIMIT_CPU' is given twice" },
	{ P("'oomScoreAdj':-1000") },
	{ P("'oomScoreAdj':1000") },
	{ P("'oomScoreAdj':1001"), AT("process.oomScoreAdj", 3), "1001" },
	{ P("'oomScoreAdj':-1001"), AT("process.oomScoreAdj", 3), "-1001" },
	{ P("'capabilities':{'bounding':'CAP_KILL'}"),
	  AT("process.capabilities.bounding", 3), "must be an array" },
	/* A061 A062 A063 A064 A065 */
	{ P("'scheduler':{'policy':'SCHED_OTHER','nice':-20}") },
	{ P("'scheduler':{'policy':'SCHED_FIFO','priority':99}") },
	{ P("'scheduler':{'policy':'SCHED_DEADLINE','runtime':1024,"
	    "'deadline':1024,'period':2000}") },
	{ P("'scheduler':{'policy':'SCHED_DEADLINE','runtime':1024,"
	    "'deadline':2000}") },
	{ P("'scheduler':{'policy':'SCHED_DEADLINE','deadline':2000}"),
	  AT("process.scheduler.runtime", 3), "requires `runtime`" },
	{ P("'scheduler':{'policy':'SCHED_DEADLINE','runtime':2000}"),
	  AT("process.scheduler.deadline", 3), "requires `deadline`" },
	{ P("'scheduler':{'policy':'SCHED_DEADLINE','runtime':0,"
	    "'deadline':2000}"),
	  AT("process.scheduler.runtime", 3), "must be greater than 0" },
	{ P("'scheduler':{'policy':'SCHED_DEADLINE','runtime':1023,"
	    "'deadline':2000}"),
	  AT("process.scheduler.runtime", 3), "must be between 1024 and 9" },
	{ P("'scheduler':{'policy':'SCHED_DEADLINE',"
	    "'runtime':9223372036854775808,'deadline':2000}"),
	  AT("process.scheduler.runtime", 3), "must be between 1024 and 9" },
	{ P("'scheduler':{'policy':'SCHED_DEADLINE','runtime':2001,"
	    "'deadline':2000}"),
	  AT("process.scheduler.runtime", 3), "must be <= deadline 2000" },
	{ P("'scheduler':{'policy':'SCHED_DEADLINE','runtime':1024,"
	    "'deadline':2000,'period':1999}"),
	  AT("process.scheduler.deadline", 3), "must be <= period 1999" },
	{ P("'scheduler':{'nice':1}"), AT("process.scheduler.policy", 3),
	  "missing" },
	{ P("'scheduler':{'policy':'SCHED_EXT'}"),
	  AT("process.scheduler.policy", 3),
	  "unknown scheduling policy 'SCHED_EXT'" },
	{ P("'scheduler':{'policy':'SCHED_OTHER','nice':20}"),
	  AT("process.scheduler.nice", 3), "20 is out of range (-20 to 19)" },
	{ P("'scheduler':{'policy':'SCHED_BATCH','priority':1}"),
	  AT("process.scheduler.priority", 3), "SCHED_BATCH has none" },
	{ P("'scheduler':{'policy':'SCHED_RR','priority':100}"),
	  AT("process.scheduler.priority", 3), "100 is out of range" },
	{ P("'scheduler':{'policy':'SCHED_RR','deadline':1}"),
	  AT("process.scheduler.policy", 3), "has no runtime" },
	{ P("'scheduler':{'policy':'SCHED_RR','flags':['X']}"),
	  AT("process.scheduler.flags[0]", 3), "unknown scheduler flag 'X'" },
	/* A066 A067 */
	{ P("'ioPriority':{'class':'IOPRIO_CLASS_IDLE'}") },
	{ P("'ioPriority':{'class':'IOPRIO_CLASS_BE','priority':7}") },
	{ P("'ioPriority':{'class':'IOPRIO_CLASS_NONE'}"),
	  AT("process.ioPriority.class", 3),
	  "unknown I/O class 'IOPRIO_CLASS_NONE'" },
	{ P("'ioPriority':{'class':'IOPRIO_CLASS_RT','priority':8}"),
	  AT("process.ioPriority.priority", 3), "8 is out of range (0 to 7)" },
	{ P("'ioPriority':{'priority':1}"), AT("process.ioPriority.class", 3),
	  "missing" },
	/* A068 A069 */
	{ P("'execCPUAffinity':{'initial':'0-3,7','final':'65535'}") },
	{ P("'execCPUAffinity':{'initial':'3-1'}"),
	  AT("process.execCPUAffinity.initial", 3), "'3-1' is not a list" },
	{ P("'execCPUAffinity':{'final':'0,'}"),
	  AT("process.execCPUAffinity.final", 3), "'0,' is not a list" },
	{ P("'execCPUAffinity':{'final':'0-65536'}"),
	  AT("process.execCPUAffinity.final", 3), "is not a list" },
	{ P("'execCPUAffinity':{'final':'a'}"),
	  AT("process.execCPUAffinity.final", 3), "is not a list" },
	{ P("'scheduler':null,'ioPriority':{},'execCPUAffinity':{}") },
	{ P("'commandLine':'x','unknown':{'deep':[1]}") },
	{ P("'capabilities':null,'rlimits':null,'user':null,'env':null") },
};

static const struct row top_rows[] = {
	{ M("'hostname':''") },
	{ M("'hostname':'x'"), AT("hostname", 5), "needs a uts namespace" },
	{ M("'domainname':'x'"), AT("domainname", 5), "needs a uts namespace" },
	{ M("'hostname':'x'"), L(NS(T("uts"))) },
	{ L(NS(T("uts"))),
	  M("'domainname':'0123456789012345678901234567890123456789012345678901"
	    "234567890123'") },
	{ L(NS(T("uts"))),
	  M("'hostname':'0123456789012345678901234567890123456789012345678901"
	    "2345678901234'"), AT("hostname", 5), "longer than 64" },
	{ M("'mounts':[{'source':'x'}]"), AT("mounts[0].destination", 5),
	  "missing" },
	{ M("'mounts':[{'destination':''}]"),
	  AT("mounts[0].destination", 5), "must not be empty" },
	{ M("'mounts':[{'destination':'/a','uidMappings':["
	    MAP("0", "1", "1") "]}]"),
	  AT("mounts[0].gidMappings", 5), "missing: uidMappings are given" },
	{ M("'mounts':[{'destination':'/a','gidMappings':["
	    MAP("0", "1", "1") "]}]"),
	  AT("mounts[0].uidMappings", 5), "missing: gidMappings are given" },
	{ M("'mounts':[{'destination':'/a','options':'ro'}]"),
	  AT("mounts[0].options", 5), "must be an array, not a string" },
	{ M("'mounts':[{'destination':'/a'},null]"),
	  AT("mounts[1].destination", 5), "missing" },
	{ M(HOOK("'path':'/h','timeout':1,'env':[],'args':['a']")) },
	{ M(HOOK("'path':'h'")), AT("hooks.poststop[0].path", 5),
	  "'h' is not an absolute path" },
	{ M(HOOK("'args':['a']")), AT("hooks.poststop[0].path", 5), "missing" },
	{ M(HOOK("'path':'/h','timeout':0")),
	  AT("hooks.poststop[0].timeout", 5), "must be more than 0" },
	{ M(HOOK("'path':'/h','timeout':-1")),
	  AT("hooks.poststop[0].timeout", 5), "must be more than 0" },
	{ M(HOOK("'path':'/h','timeout':1.5")),
	  AT("hooks.poststop[0].timeout", 5), "not a whole number" },
	{ M("'hooks':{'prestart':[{'path':'x'}]}"),
	  AT("hooks.prestart[0].path", 5), "absolute" },
	{ M("'annotations':{'a':'b',\n'':'c'}"), AT("annotations['']", 6),
	  "must not be empty" },
	{ M("'annotations':{'a.b':1}"), AT("annotations['a.b']", 5),
	  "must be a string" },
	{ M("'annotations':{'a':null}") },
	{ M("'windows':1,'solaris':[],'vm':'x','zos':{},'freebsd':2") },
};

#define SYSCTL(key, value) "'sysctl':{'" key "':'" value "'}"

static const struct row sysctl_rows[] = {
	{ L(NS(T("ipc")) "," SYSCTL("kernel.shmmax", "1")) },
	{ L(NS(T("ipc")) "," SYSCTL("kernel/shmmax", "1")) },
	{ L(NS(T("ipc")) "," SYSCTL("fs.mqueue.msg_max", "1")) },
	{ L(NS(T("network")) "," SYSCTL("net.core.somaxconn", "1")) },
	{ L(NS("{'type':'network','path':'/n'}") ","
	    SYSCTL("net/ipv4/conf/eno2.100/forwarding", "1")) },
	{ L(NS(T("network")) ","
	    SYSCTL("net.ipv4.conf.eno2/100.forwarding", "1")) },
	{ L(NS(T("uts")) "," SYSCTL("kernel.domainname", "d")) },
	{ L(NS(T("uts")) "," SYSCTL("kernel.domainname", "d")),
	  M("'domainname':'d'") },
	{ L(NS("{'type':'user','path':'/u'}") ","
	    SYSCTL("user.max_user_namespaces", "1")) },
	{ L(SYSCTL("kernel.shmmax", "1")), AT("linux.sysctl['kernel.shmmax']", 4),
	  "needs a namespace of type ipc" },
	{ L(SYSCTL("fs.mqueue.msg_max", "1")),
	  AT("linux.sysctl['fs.mqueue.msg_max']", 4), "needs a namespace of type ipc" },
	{ L(SYSCTL("net.core.somaxconn", "1")),
	  AT("linux.sysctl['net.core.somaxconn']", 4),
	  "needs a namespace of type network" },
	{ L(SYSCTL("user.max_user_namespaces", "1")),
	  AT("linux.sysctl['user.max_user_namespaces']", 4), "needs a namespace of type user" },
	{ L(SYSCTL("kernel.domainname", "d")),
	  AT("linux.sysctl['kernel.domainname']", 4), "needs a namespace of type uts" },
	{ L(NS(T("uts")) "," SYSCTL("kernel.domainname", "d")),
	  M("'domainname':'e'"), AT("linux.sysctl['kernel.domainname']", 4),
	  "'d' contradicts" },
	{ L(NS(T("uts")) "," SYSCTL("kernel.hostname", "d")),
	  AT("linux.sysctl['kernel.hostname']", 4), "hostname member" },
	{ L(NS(T("ipc")) "," SYSCTL("kernel.shmmax2", "1")),
	  AT("linux.sysctl['kernel.shmmax2']", 4), "does not belong" },
	{ L(SYSCTL("vm.swappiness", "1")), AT("linux.sysctl['vm.swappiness']", 4),
	  "does not belong" },
	{ L(SYSCTL("net", "1")), AT("linux.sysctl.net", 4), "does not belong" },
	{ L(NS(T("network")) "," SYSCTL("net/../kernel/core_pattern", "1")),
	  AT("linux.sysctl['net/../kernel/core_pattern']", 4), "not the name" },
	{ L(NS(T("network")) "," SYSCTL("net.//.kernel", "1")),
	  AT("linux.sysctl['net.//.kernel']", 4), "not the name" },
	{ L(NS(T("network")) "," SYSCTL("net..core", "1")),
	  AT("linux.sysctl['net..core']", 4), "not the name" },
	{ L(SYSCTL("", "1")), AT("linux.sysctl['']", 4), "not the name" },
	{ L(NS(T("network")) "," SYSCTL("net/core/", "1")),
	  AT("linux.sysctl['net/core/']", 4), "not the name" },
	{ L(SYSCTL("/net/core", "1")), AT("linux.sysctl['/net/core']", 4),
	  "not the name" },
	{ L("'sysctl':{'net.a':1}"), AT("linux.sysctl['net.a']", 4),
	  "must be a string, not a number" },
};

/* clang-format on */

/* A004 A044 A047 A048 A049 A052 A053 A058 */
START_TEST(process_rules_hold)
{
	check_row(&process_rows[_i]);
}

END_TEST

/* A031 A034 A071 A072 A073 A075 A080 */
START_TEST(top_rules_hold)
{
	check_row(&top_rows[_i]);
}

END_TEST

/* A143 A144 A145 A146 A147 A148 */
START_TEST(sysctl_rules_hold)
{
	check_row(&sysctl_rows[_i]);
}

END_TEST

int main(void)
{
	Suite *suite = suite_create("oci rules");
	TCase *tcase = tcase_create("rules");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tcase, NULL, release);
	ADD_LOOP(tcase, process_rules_hold, process_rows);
	ADD_LOOP(tcase, top_rules_hold, top_rows);
	ADD_LOOP(tcase, sysctl_rules_hold, sysctl_rows);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
