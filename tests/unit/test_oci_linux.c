/* SPDX-License-Identifier: Apache-2.0 */
/* linux, its resources and its filter: each rule broken once. */
#include "oci_rules.h"

/* clang-format off */
static const struct row linux_rows[] = {
	{ L(NS(T("pid") "," T("network") "," T("mount") "," T("ipc") ","
	       T("uts") "," T("cgroup") "," T("time"))) },
	{ L(NS("{'type':'pid','path':''}")) },
	{ L(NS(T("net"))), AT("linux.namespaces[0].type", 4),
	  "unknown namespace type 'net'" },
	{ L(NS("{'path':'/x'}")), AT("linux.namespaces[0].type", 4),
	  "missing" },
	{ L(NS(T("pid") ",\n" T("pid"))), AT("linux.namespaces[1].type", 5),
	  "'pid' is given twice" },
	{ L(NS("{'type':'pid','path':'ns/pid'}")),
	  AT("linux.namespaces[0].path", 4), "not an absolute path" },
	{ L(NS(T("user"))) },
	{ L(NS("{'type':'user','path':'/ns'}")) },
	{ L(NS("{'type':'user','path':'/ns'}") ","
	    MAPS(MAP("0", "1", "1"), MAP("0", "1", "1"))) },
	{ L(MAPS(MAP("0", "1", "1"), MAP("0", "1", "1"))),
	  AT("linux.uidMappings", 4), "needs a user namespace" },
	{ L(NS(T("user")) ",'uidMappings':[" MAP("0", "1", "1") "]"),
	  AT("linux.gidMappings", 4), "missing" },
	{ L(NS(T("user")) ",'gidMappings':[" MAP("0", "1", "1") "]"),
	  AT("linux.uidMappings", 4), "missing" },
	{ L(NS(T("user")) ","
	    MAPS(MAP("0", "1000", "1"), MAP("0", "1000", "1"))) },
	{ L(NS(T("user")) ","
	    MAPS(MAP("0", "0", "4294967295"), MAP("0", "0", "4294967295"))) },
	{ L(NS(T("user")) "," MAPS(MAP("0", "1", "0") "," MAP("0", "1", "1"),
	                           MAP("0", "1", "1"))),
	  AT("linux.uidMappings[0].size", 4), "must not be 0" },
	{ L(NS(T("user")) ","
	    MAPS(MAP("0", "4294967290", "7"), MAP("0", "1", "1"))),
	  AT("linux.uidMappings[0].size", 4), "runs past the last id" },
	{ L(NS(T("user")) ","
	    MAPS(MAP("0", "0", "1"),
	         MAP("0", "1", "1") ",\n" MAP("1", "1", "5"))),
	  AT("linux.gidMappings[1]", 5), "overlaps linux.gidMappings[0]" },
	{ L(NS(T("user")) ","
	    MAPS(MAP("10", "20", "5") "," MAP("0", "10", "10") ","
	         MAP("15", "25", "1"), MAP("0", "1", "1"))) },
	{ L(NS(T("user")) ","
	    MAPS(MAP("0", "0", "10") "," MAP("9", "100", "1"),
	         MAP("0", "1", "1"))),
	  AT("linux.uidMappings[1]", 4), "overlaps" },
	{ L(NS(T("user")) ","
	    MAPS("{'containerID':0,'size':1}", MAP("0", "1", "1"))),
	  AT("linux.uidMappings[0].hostID", 4), "missing" },
	{ P("'user':{'uid':5}"), L(NS(T("user")) ","
	    MAPS(MAP("0", "1", "5"), MAP("0", "1", "1"))),
	  AT("process.user.uid", 3), "5 is not mapped" },
	{ P("'user':{'gid':1}"), L(NS(T("user")) ","
	    MAPS(MAP("0", "1", "5"), MAP("0", "1", "1"))),
	  AT("process.user.gid", 3), "1 is not mapped" },
	{ P("'user':{'additionalGids':[0,\n7]}"), L(NS(T("user")) ","
	    MAPS(MAP("0", "1", "5"), MAP("0", "1", "1"))),
	  AT("process.user.additionalGids[1]", 4), "7 is not mapped" },
	{ L("'timeOffsets':{'monotonic':{'secs':1}}"),
	  AT("linux.timeOffsets", 4), "needs a new time namespace" },
	{ L(NS("{'type':'time','path':'/t'}")
	    ",'timeOffsets':{'boottime':{'secs':1}}"),
	  AT("linux.timeOffsets", 4), "needs a new time namespace" },
	{ L(NS(T("time")) ",'timeOffsets':{'realtime':{'secs':1}}"),
	  AT("linux.timeOffsets.realtime", 4), "unknown clock" },
	{ L(NS(T("time")) ",'timeOffsets':{'boottime':"
	    "{'nanosecs':1000000000}}"),
	  AT("linux.timeOffsets.boottime.nanosecs", 4), "a second or more" },
	{ L(NS(T("time")) ",'timeOffsets':{'monotonic':"
	    "{'nanosecs':1000000000}}"),
	  AT("linux.timeOffsets.monotonic.nanosecs", 4), "a second or more" },
	{ L(NS(T("time")) ",'timeOffsets':{'monotonic':"
	    "{'secs':-9,'nanosecs':999999999}}") },
	{ L("'timeOffsets':{}") },
	{ L(DEVICE("'type':'c','path':'/d','major':1,'minor':3")) },
	{ L(DEVICE("'type':'u','path':'/d','major':1,'minor':3")) },
	{ L(DEVICE("'type':'p','path':'/d'")) },
	{ L(DEVICE("'type':'b','path':'/d','major':4095,'minor':1048575")) },
	{ L(DEVICE("'type':'x','path':'/d'")), AT("linux.devices[0].type", 4),
	  "unknown device type 'x'" },
	{ L(DEVICE("'type':'a','path':'/d'")), AT("linux.devices[0].type", 4),
	  "unknown device type 'a'" },
	{ L(DEVICE("'path':'/d'")), AT("linux.devices[0].type", 4), "missing" },
	{ L(DEVICE("'type':'p'")), AT("linux.devices[0].path", 4), "missing" },
	{ L(DEVICE("'type':'p','path':'d'")), AT("linux.devices[0].path", 4),
	  "not an absolute path" },
	{ L(DEVICE("'type':'c','path':'/d','major':1")),
	  AT("linux.devices[0].minor", 4), "missing" },
	{ L(DEVICE("'type':'b','path':'/d','minor':1")),
	  AT("linux.devices[0].major", 4), "missing" },
	{ L(DEVICE("'type':'b','path':'/d','minor':1,'major':4096")),
	  AT("linux.devices[0].major", 4), "4096 is out of range (0 to 4095)" },
	{ L(DEVICE("'type':'b','path':'/d','minor':-1,'major':1")),
	  AT("linux.devices[0].minor", 4), "-1 is out of range" },
	{ L(DEVICE("'type':'p','path':'/d','fileMode':-1")),
	  AT("linux.devices[0].fileMode", 4), "out of range" },
	{ L("'rootfsPropagation':'rslave'") },
	{ L("'rootfsPropagation':''") },
	{ L("'rootfsPropagation':'slaves'"), AT("linux.rootfsPropagation", 4),
	  "unknown propagation 'slaves'" },
	{ L("'maskedPaths':['/proc/kcore']"), AT("linux.maskedPaths", 4),
	  "needs a mount namespace" },
	{ L("'readonlyPaths':['/proc/sys']"), AT("linux.readonlyPaths", 4),
	  "needs a mount namespace" },
	{ L("'maskedPaths':[],'readonlyPaths':null") },
	{ L(NS(T("mount")) ",'maskedPaths':['/a',\n'b']"),
	  AT("linux.maskedPaths[1]", 5), "'b' is not an absolute path" },
	{ L(NS(T("mount")) ",'readonlyPaths':['']"),
	  AT("linux.readonlyPaths[0]", 4), "not an absolute path" },
	{ L("'personality':{'domain':'LINUX','flags':[]}") },
	{ L("'personality':{}") },
	{ L("'personality':{'domain':'LINUX32'}") },
	{ L("'personality':{'domain':'BSD'}"),
	  AT("linux.personality.domain", 4), "unknown execution domain 'BSD'" },
	{ L("'personality':{'domain':'LINUX','flags':['X']}"),
	  AT("linux.personality.flags", 4), "not supported yet" },
	/* A132 A133 A134 */
	{ L("'netDevices':{'eth0':{}}"), AT("linux.netDevices", 4),
	  "needs a network namespace" },
	{ L(NS(T("network")) ",'netDevices':{'eth0':{},'eth1':null,"
	    "'eth2':{'name':'net%d'},'eth3':{'name':'net%d'}}") },
	{ L(NS(T("network")) ",'netDevices':{'eth0':1}"),
	  AT("linux.netDevices.eth0", 4), "must be an object" },
	{ L(NS(T("network")) ",'netDevices':{'0123456789abcdef':{}}"),
	  AT("linux.netDevices.0123456789abcdef", 4),
	  "is not the name of a network device" },
	{ L(NS(T("network")) ",'netDevices':{'a':{'name':'b:1'}}"),
	  AT("linux.netDevices.a.name", 4),
	  "is not the name of a network device" },
	{ L(NS(T("network")) ",'netDevices':{'a':{'name':'x'},"
	    "\n'b':{'name':'x'}}"),
	  AT("linux.netDevices.b", 5), "the name of another one too" },
	/* A183 A185 D023 */
	{ L("'intelRdt':{'closID':'x','schemata':['L3:0=f'],"
	    "'enableMonitoring':true}") },
	{ L("'intelRdt':{'closID':'/'}") },
	{ L("'intelRdt':{'closID':'..'}"), AT("linux.intelRdt.closID", 4),
	  "'..' is not a name of a class" },
	{ L("'intelRdt':{'closID':'.'}"), AT("linux.intelRdt.closID", 4),
	  "'.' is not a name" },
	{ L("'intelRdt':{'closID':'../x'}"), AT("linux.intelRdt.closID", 4),
	  "'../x' is not a name" },
	{ L("'intelRdt':{'schemata':['MB:0=1','L3:0=f\\nX']}"),
	  AT("linux.intelRdt.schemata[1]", 4), "must be one line" },
	/* A189 A190 A191 */
	{ L("'memoryPolicy':{'mode':'MPOL_BIND','nodes':'0-1,3',"
	    "'flags':['MPOL_F_STATIC_NODES']}") },
	{ L("'memoryPolicy':{'mode':'MPOL_PREFERRED'}") },
	{ L("'memoryPolicy':{'mode':'MPOL_DEFAULT','nodes':''}") },
	{ L("'memoryPolicy':{'mode':'MPOL_NEAR'}"),
	  AT("linux.memoryPolicy.mode", 4), "unknown memory policy 'MPOL_NEAR'" },
	{ L("'memoryPolicy':{'nodes':'0'}"), AT("linux.memoryPolicy.mode", 4),
	  "missing" },
	{ L("'memoryPolicy':{'mode':'MPOL_LOCAL','nodes':'0'}"),
	  AT("linux.memoryPolicy.nodes", 4), "MPOL_LOCAL takes none" },
	{ L("'memoryPolicy':{'mode':'MPOL_INTERLEAVE'}"),
	  AT("linux.memoryPolicy.nodes", 4), "MPOL_INTERLEAVE needs them" },
	{ L("'memoryPolicy':{'mode':'MPOL_WEIGHTED_INTERLEAVE','nodes':''}"),
	  AT("linux.memoryPolicy.nodes", 4), "missing" },
	{ L("'memoryPolicy':{'mode':'MPOL_BIND','nodes':'x'}"),
	  AT("linux.memoryPolicy.nodes", 4), "'x' is not a list" },
	{ L("'memoryPolicy':{'mode':'MPOL_BIND','nodes':'0','flags':['X']}"),
	  AT("linux.memoryPolicy.flags[0]", 4),
	  "unknown memory policy flag 'X'" },
	{ L("'netDevices':{},'intelRdt':{},'memoryPolicy':null") },
};

static const struct row resource_rows[] = {
	{ L(RES("'memory':{'limit':-1,'swap':5}")) },
	{ L(RES("'memory':{'limit':5,'swap':5}")) },
	{ L(RES("'memory':{'limit':5,'swap':-1,'kernel':-1}")) },
	{ L(RES("'memory':{'swap':0,'swappiness':60}")) },
	{ L(RES("'memory':{'limit':5,'swap':4}")),
	  AT("linux.resources.memory.swap", 4), "4 is less than limit, 5" },
	{ L(RES("'memory':{'swap':4}")), AT("linux.resources.memory.limit", 4),
	  "missing: swap is given" },
	{ L(RES("'memory':{'limit':'1g','swap':4}")),
	  AT("linux.resources.memory.limit", 4), "must be a number" },
	{ L(RES("'memory':{'limit':-2}")),
	  AT("linux.resources.memory.limit", 4), "-2 is less than -1" },
	{ L(RES("'memory':{'reservation':-2}")),
	  AT("linux.resources.memory.reservation", 4), "-2" },
	{ L(RES("'memory':{'kernelTCP':-2}")),
	  AT("linux.resources.memory.kernelTCP", 4), "-2" },
	{ L(RES("'memory':{'limit':9223372036854775808}")),
	  AT("linux.resources.memory.limit", 4), "out of range" },
	{ L(RES("'memory':{'swappiness':-1}")),
	  AT("linux.resources.memory.swappiness", 4), "out of range" },
	{ L(RES("'cpu':{'shares':0,'quota':-1,'period':0}")) },
	{ L(RES("'cpu':{'quota':1000,'period':1000,'burst':1000}")) },
	{ L(RES("'cpu':{'quota':0,'burst':5,'period':1000000,'idle':1}")) },
	{ L(RES("'cpu':{'period':999}")), AT("linux.resources.cpu.period", 4),
	  "999 is out of range" },
	{ L(RES("'cpu':{'period':1000001}")),
	  AT("linux.resources.cpu.period", 4), "out of range" },
	{ L(RES("'cpu':{'quota':999}")), AT("linux.resources.cpu.quota", 4),
	  "999 is less than 1000" },
	{ L(RES("'cpu':{'quota':2000,'burst':2001}")),
	  AT("linux.resources.cpu.burst", 4), "2001 is more than quota, 2000" },
	{ L(RES("'cpu':{'idle':2}")), AT("linux.resources.cpu.idle", 4),
	  "2 is neither 0 nor 1" },
	{ L(RES("'cpu':{'shares':-1}")), AT("linux.resources.cpu.shares", 4),
	  "out of range" },
	{ L(RES("'cpu':{'cpus':'0-3,7','mems':'0-10:2/4'}")) },
	{ L(RES("'cpu':{'cpus':'0;1'}")), AT("linux.resources.cpu.cpus", 4),
	  "'0;1' is not a list" },
	{ L(RES("'cpu':{'mems':'a'}")), AT("linux.resources.cpu.mems", 4),
	  "'a' is not a list" },
	{ L(RES("'pids':{'limit':-1}")) },
	{ L(RES("'pids':{'limit':0}")) },
	{ L(RES("'pids':{'limit':-2}")), AT("linux.resources.pids.limit", 4),
	  "-2 is less than -1" },
	{ L(RES("'unified':{'memory.high':'1','cgroup.x':''}")) },
	{ L(RES("'unified':{'memory':'1'}")),
	  AT("linux.resources.unified.memory", 4), "has not the form" },
	{ L(RES("'unified':{'.high':'1'}")),
	  AT("linux.resources.unified['.high']", 4), "has not the form" },
	{ L(RES("'unified':{'memory.':'1'}")),
	  AT("linux.resources.unified['memory.']", 4), "has not the form" },
	{ L(RES("'unified':{'a/memory.high':'1'}")),
	  AT("linux.resources.unified['a/memory.high']", 4), "has not the form" },
	{ L(RES("'unified':{'memory..high':'1'}")),
	  AT("linux.resources.unified['memory..high']", 4), "has not the form" },
	{ L(RES("'unified':{'memory.high':1}")),
	  AT("linux.resources.unified['memory.high']", 4), "must be a string" },
	{ L(RES("'devices':[{'allow':false,'access':'rwm'}]")) },
	{ L(RES("'devices':[{'allow':true,'type':'a','major':-1,'minor':-1,"
	        "'access':'r'}]")) },
	{ L(RES("'devices':[{'allow':true,'major':4294967295,"
	        "'minor':4294967295,'access':'r'}]")) },
	{ L(RES("'devices':[{'allow':true,'minor':-2,'access':'r'}]")),
	  AT("linux.resources.devices[0].minor", 4), "-2 is not" },
	{ L(RES("'devices':[{'access':'rwm'}]")),
	  AT("linux.resources.devices[0].allow", 4), "missing" },
	{ L(RES("'devices':[{'allow':true}]")),
	  AT("linux.resources.devices[0].access", 4), "missing" },
	{ L(RES("'devices':[{'allow':true,'access':''}]")),
	  AT("linux.resources.devices[0].access", 4), "must not be empty" },
	{ L(RES("'devices':[{'allow':true,'access':'rx'}]")),
	  AT("linux.resources.devices[0].access", 4), "'rx' is not made of" },
	{ L(RES("'devices':[{'allow':true,'type':'p','access':'r'}]")),
	  AT("linux.resources.devices[0].type", 4), "unknown device type 'p'" },
	{ L(RES("'devices':[{'allow':true,'major':-2,'access':'r'}]")),
	  AT("linux.resources.devices[0].major", 4), "-2 is not" },
	{ L(RES("'devices':[{'allow':true,'minor':4294967296,'access':'r'}]")),
	  AT("linux.resources.devices[0].minor", 4), "is not a device number" },
	{ L(RES("'blockIO':{'weight':0,'weightDevice':[]},'network':{},"
	        "'hugepageLimits':[],'rdma':{}")) },
	/* A175 A176 A177 */
	{ L(RES("'blockIO':{'weight':10,'leafWeight':1000,'weightDevice':["
	        "{'major':8,'minor':0,'leafWeight':10}]}")) },
	{ L(RES("'blockIO':{'weight':9}")),
	  AT("linux.resources.blockIO.weight", 4), "9 is out of range" },
	{ L(RES("'blockIO':{'leafWeight':1001}")),
	  AT("linux.resources.blockIO.leafWeight", 4), "1001 is out of range" },
	{ L(RES("'blockIO':{'weightDevice':[{'major':8,'minor':0}]}")),
	  AT("linux.resources.blockIO.weightDevice[0]", 4), "has no weight" },
	{ L(RES("'blockIO':{'weightDevice':[{'major':8,'weight':10}]}")),
	  AT("linux.resources.blockIO.weightDevice[0].minor", 4), "missing" },
	/* A178 */
	{ L(RES("'blockIO':{'throttleReadBpsDevice':[{'major':8,'minor':-1,"
	        "'rate':1}]}")),
	  AT("linux.resources.blockIO.throttleReadBpsDevice[0].minor", 4),
	  "-1 is not a device number" },
	{ L(RES("'blockIO':{'throttleWriteIOPSDevice':[{'major':8,'minor':1}]"
	        "}")),
	  AT("linux.resources.blockIO.throttleWriteIOPSDevice[0].rate", 4),
	  "missing" },
	/* A179 D022 */
	{ L(RES("'hugepageLimits':[{'pageSize':'2MB','limit':0},"
	        "{'pageSize':'64KB','limit':18446744073709551615}]")) },
	{ L(RES("'hugepageLimits':[{'pageSize':'2MB'}]")),
	  AT("linux.resources.hugepageLimits[0].limit", 4), "missing" },
	{ L(RES("'hugepageLimits':[{'pageSize':'../2MB','limit':0}]")),
	  AT("linux.resources.hugepageLimits[0].pageSize", 4),
	  "'../2MB' is not a page size" },
	{ L(RES("'hugepageLimits':[{'pageSize':'2M','limit':0}]")),
	  AT("linux.resources.hugepageLimits[0].pageSize", 4),
	  "'2M' is not a page size" },
	{ L(RES("'hugepageLimits':[{'pageSize':'64','limit':0}]")),
	  AT("linux.resources.hugepageLimits[0].pageSize", 4),
	  "'64' is not a page size" },
	/* A180 */
	{ L(RES("'network':{'classID':1048577,'priorities':[{'name':'eth0',"
	        "'priority':5}]}")) },
	{ L(RES("'network':{'priorities':[{'name':'a b','priority':5}]}")),
	  AT("linux.resources.network.priorities[0].name", 4),
	  "'a b' is not the name" },
	/* A181 */
	{ L(RES("'rdma':{'mlx5_1':{'hcaHandles':3,'hcaObjects':0}}")) },
	{ L(RES("'rdma':{'mlx5_1':{}}")),
	  AT("linux.resources.rdma.mlx5_1", 4), "has no hcaHandles" },
	{ L(RES("'rdma':{'mlx 5':{'hcaHandles':1}}")),
	  AT("linux.resources.rdma['mlx 5']", 4), "not the name of a device" },
	{ L("'resources':[]"), AT("linux.resources", 4), "must be an object" },
};

static const struct row seccomp_rows[] = {
	{ L("'seccomp':{}") },
	{ L("'seccomp':{'architectures':null,'syscalls':null}") },
	{ L("'seccomp':{'syscalls':[{'names':['a'],'action':'SCMP_ACT_ALLOW'}]}"),
	  AT("linux.seccomp.defaultAction", 4), "missing" },
	{ L("'seccomp':{'defaultAction':'SCMP_ACT_NONE'}"),
	  AT("linux.seccomp.defaultAction", 4),
	  "unknown seccomp action 'SCMP_ACT_NONE'" },
	{ L(SECCOMP("'defaultErrnoRet':38")) },
	{ L(SECCOMP("'defaultErrnoRet':4096")),
	  AT("linux.seccomp.defaultErrnoRet", 4), "4096 is out of range" },
	{ L("'seccomp':{'defaultAction':'SCMP_ACT_ALLOW','defaultErrnoRet':1}"),
	  AT("linux.seccomp.defaultErrnoRet", 4),
	  "SCMP_ACT_ALLOW takes no error number" },
	{ L(SECCOMP("'architectures':['SCMP_ARCH_X86',\n'SCMP_ARCH_VAX']")),
	  AT("linux.seccomp.architectures[1]", 5),
	  "unknown seccomp architecture 'SCMP_ARCH_VAX'" },
	{ L(SECCOMP("'flags':['SECCOMP_FILTER_FLAG_LOG','X']")),
	  AT("linux.seccomp.flags[1]", 4), "unknown seccomp flag 'X'" },
	{ L(SECCOMP("'flags':'X'")), AT("linux.seccomp.flags", 4),
	  "must be an array" },
	{ L(SECCOMP("'syscalls':[{'names':[],'action':'SCMP_ACT_ALLOW'}]")),
	  AT("linux.seccomp.syscalls[0].names", 4), "must not be empty" },
	{ L(SECCOMP("'syscalls':[{'action':'SCMP_ACT_ALLOW'}]")),
	  AT("linux.seccomp.syscalls[0].names", 4), "missing" },
	{ L(SECCOMP("'syscalls':[{'names':[''],'action':'SCMP_ACT_ALLOW'}]")),
	  AT("linux.seccomp.syscalls[0].names[0]", 4), "must not be empty" },
	{ L(SECCOMP("'syscalls':[{'names':['a']}]")),
	  AT("linux.seccomp.syscalls[0].action", 4), "missing" },
	{ L(RULE("'action':'ALLOW'")), AT("linux.seccomp.syscalls[0].action", 4),
	  "unknown seccomp action 'ALLOW'" },
	{ L(RULE("'action':'SCMP_ACT_ERRNO','errnoRet':4095")) },
	{ L(RULE("'action':'SCMP_ACT_TRACE','errnoRet':65535")) },
	{ L(RULE("'action':'SCMP_ACT_TRACE','errnoRet':65536")),
	  AT("linux.seccomp.syscalls[0].errnoRet", 4), "out of range" },
	{ L(RULE("'action':'SCMP_ACT_KILL','errnoRet':1")),
	  AT("linux.seccomp.syscalls[0].errnoRet", 4), "takes no error number" },
	{ L(RULE("'action':'SCMP_ACT_ALLOW','errnoRet':null")) },
	{ L(RULE("'action':'SCMP_ACT_ALLOW','args':[{'index':6,'value':1,"
	         "'op':'SCMP_CMP_EQ'}]")),
	  AT("linux.seccomp.syscalls[0].args[0].index", 4), "6 is more than 5" },
	{ L(RULE("'action':'SCMP_ACT_ALLOW','args':[{'index':5,'value':1,"
	         "'op':'SCMP_CMP_IN'}]")),
	  AT("linux.seccomp.syscalls[0].args[0].op", 4),
	  "unknown seccomp operator 'SCMP_CMP_IN'" },
	{ L(RULE("'action':'SCMP_ACT_ALLOW','args':[{'value':1,"
	         "'op':'SCMP_CMP_EQ'}]")),
	  AT("linux.seccomp.syscalls[0].args[0].index", 4), "missing" },
	{ L(RULE("'action':'SCMP_ACT_NOTIFY'")),
	  AT("linux.seccomp.listenerPath", 4), "SCMP_ACT_NOTIFY is used" },
	{ L("'seccomp':{'defaultAction':'SCMP_ACT_NOTIFY'}"),
	  AT("linux.seccomp.listenerPath", 4), "SCMP_ACT_NOTIFY is used" },
	{ L(SECCOMP("'listenerMetadata':'x'")),
	  AT("linux.seccomp.listenerMetadata", 4), "needs listenerPath" },
	{ L(SECCOMP("'listenerMetadata':'x','listenerPath':'/s'")) },
};

/* clang-format on */

/* A004 A048 A111 A112 A116 A117 A121 A125 A127 A137 A138 A139 */
START_TEST(linux_rules_hold)
{
	check_row(&linux_rows[_i]);
}

END_TEST

/* A157 A162 A174 A182 D022 */
START_TEST(resource_rules_hold)
{
	check_row(&resource_rows[_i]);
}

END_TEST

/* A193 A194 A195 A196 A197 A198 A199 A200 A205 */
START_TEST(seccomp_rules_hold)
{
	check_row(&seccomp_rows[_i]);
}

END_TEST

int main(void)
{
	Suite *suite = suite_create("oci linux");
	TCase *tcase = tcase_create("rules");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tcase, NULL, release);
	ADD_LOOP(tcase, linux_rules_hold, linux_rows);
	ADD_LOOP(tcase, resource_rules_hold, resource_rows);
	ADD_LOOP(tcase, seccomp_rules_hold, seccomp_rows);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
