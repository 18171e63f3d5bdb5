"""The words that carry grammar. Whatever is not here, and could be a name, may be one."""

from __future__ import annotations

import re

POLITE = frozenset(
    """please pls plz kindly hey hi hello ok okay so well now then also just quickly immediately asap again go ahead
    and i you we me us want need like would could can will may might to help let thanks thank dear simply first next
    finally""".split()
)

READ_VERBS = frozenset(
    """show list get display print give fetch find see view tell check describe inspect explain return retrieve query
    read look see count compare summarize summarise monitor report identify examine audit watch post output dump
    search locate review analyze analyse enumerate pull what which who how is are was were does do did has have why
    where when any
    diagnose troubleshoot debug investigate detect figure forecast predict estimate suggest recommend""".split()
)

WRITE_VERBS: dict[str, str] = {
    **dict.fromkeys(("scale", "resize", "rescale", "upscale", "downscale"), "scale"),
    **dict.fromkeys(("increase", "bump", "raise", "grow", "double", "triple"), "increase"),
    **dict.fromkeys(("decrease", "reduce", "lower", "shrink", "halve"), "decrease"),
    **dict.fromkeys(
        ("delete", "remove", "kill", "destroy", "erase", "wipe", "purge", "terminate", "drop", "del", "rm"), "delete"
    ),
    **dict.fromkeys(("restart", "bounce", "recycle", "reboot", "redeploy", "reload"), "restart"),
    **dict.fromkeys(("rollback", "revert", "undo"), "undo"),
    **dict.fromkeys(("set", "update", "change", "upgrade", "modify", "switch", "move", "downgrade", "use"), "set"),
    **dict.fromkeys(("label", "tag", "unlabel"), "label"),
    "annotate": "annotate",
    "cordon": "cordon",
    "uncordon": "uncordon",
    **dict.fromkeys(("drain", "evacuate"), "drain"),
    **dict.fromkeys(("run", "start", "launch", "spin"), "run"),
    **dict.fromkeys(("exec", "execute"), "exec"),
    **dict.fromkeys(
        ("create", "make", "deploy", "put", "apply", "add", "expose", "install", "setup", "provision"), "create"
    ),
    **dict.fromkeys(("generate", "write", "draft", "compose", "scaffold", "author"), "generate"),
    "autoscale": "autoscale",
    **dict.fromkeys(("enable", "activate"), "enable"),
    **dict.fromkeys(("disable", "deactivate", "stop", "pause", "suspend", "resume"), "unsupported"),
    **dict.fromkeys(("clean", "prune", "empty", "clear", "flush", "rebalance"), "unsupported"),
    **dict.fromkeys(("patch", "edit", "replace", "rename", "copy", "port-forward", "attach", "taint"), "unsupported"),
    "mark": "mark",
    "evict": "evict",
    "fix": "fix",
    "repair": "fix",
    "resolve": "fix",
    "solve": "fix",
}

PREPOSITIONS = frozenset(
    "in inside within from under of for on at to with by into across about against via per".split()
)

# Words that are no names however they stand; kinds and verbs come on top.
PLAIN = (
    POLITE
    | READ_VERBS
    | frozenset(WRITE_VERBS)
    | PREPOSITIONS
    | frozenset(
        """a an the this that these those it its their his her my your our all every each any some no not never none
        nothing everything something anything be been being am is are was were isnt arent there here if else or nor but
        than as up down out off over back more less most least few many much very too only own same other another
        new old latest newest oldest last past recent recently current currently present previous previously former
        today yesterday tomorrow now ago since until before after during while
        second seconds sec secs minute minutes min mins hour hours hr hrs day days week weeks month months
        name names named called calling titled kind kinds type types resource resources object objects item items thing
        things cluster clusters kubernetes k8s kube kubectl context contexts application applications app apps
        workload workloads system environment env instance instances component components
        looping crash-looping over-provisioned under-provisioned non-running not-ready crash-loop
        running pending failed failing failure failures crashing crashed crash crashes crashloop crashlooping
        crashloopbackoff imagepullbackoff errimagepull oomkilled evicted completed succeeded unhealthy healthy health
        broken stuck ready unready notready terminating terminated restarting restarted restarts unknown error errors
        erroring issue issues problem problems wrong bad status state states phase condition conditions
        detail details detailed info information summary overview list table yaml json wide output format formatted
        log logs logging line lines message messages event events warning warnings normal history revision revisions
        version versions rollout rollouts image images tag tags container containers replica replicas copies copy
        cpu memory ram disk storage network usage use uses using used utilization utilisation consumption consuming
        consume resource usages metric metrics top highest lowest most biggest largest smallest load percent percentage
        graph chart plot picture trend trends request requests limit limits label labels labelled labeled annotation
        annotations selector field key value values port ports endpoint exposed address ip ips node
        size sized volume capacity space number count total amount minimum maximum max min minimal maximal average mean
        target targeting between least threshold above below under over exceed exceeds exceeding
        forecast forecasts prediction predictions predicted predictive prediction anomaly anomalies unusual abnormal
        weird odd strange recommendation recommendations suggestion suggestions advice tip tips decision decisions
        autoscaling autoscaler autoscalers autoscaled scaling scaled scale horizontal vertical hpa vpa
        deployed deleted created updated changed removed modified exist exists existing available unavailable
        work working works worked fail fails happen happens happening happened cause caused causes causing reason
        reasons evidence root pls well good better best fine ok okay right left correct wrong
        me them they he she him who whom whose which what when where why how whether
        yes yeah yep sure maybe perhaps really actually exactly basically probably possibly
        currently still yet already soon later always often sometimes usually
        don doing done did does do going gone goes got getting gets keep keeps keeping kept
        having had one two three four five six seven eight nine ten half twice once zero
        installed finished completed sorted ordered filtered grouped behaviour behavior behave behaving expect expected
        expects optimize optimise optimized optimal right-sizing rightsizing right-size safely safe bigger smaller
        larger faster slower cheaper expensive cost costs money price prices budget waste wasted wasting idle spare
        normal abnormally reachable unreachable accessible inaccessible responding respond response responses timeout
        timeouts timing latency traffic connection connections connect connected connecting refused denied
        scheduled unscheduled schedule evict evicted draining drained cordoned cordoning labelling deploying
        deploys redeployed rolled rolling roll deleting creating updating changing removing adding added
        attached mounted bound unbound bind binding allocated allocatable assigned owned owner owners belongs belong
        belonging depends depend affected affects impact impacted during while whether moment minute thing stuff
        everyone everybody somebody someone anyone anybody able unable possible impossible likely unlikely
        order asked ask asking answer question questions problemss trouble troubles help helps helping
        successful successfully unsuccessful correctly incorrectly properly automatically manually directly
        recent recentmost earlier later longer shorter longest shortest youngest age ages old aged created
        open opened opening close closed closing live lives living die died dies dying dead alive
        mean means meaning understand understanding know knowing known unknown think thinking thought
        give gives given giving took take takes taken taking come comes came coming put puts
        anyway actually altogether together apart alone separately both either neither
        hit hits hitting miss missing missed misses lost lose losing leak leaks leaking leaked kill killed kills killing
        oom backoff back-off loop loops looped pull pulled pulling pulls push pushed probe probes liveness readiness
        whats wheres unauthorised unauthorized forbidden permission permissions access
        pod-level cluster-level real-time full complete entire partial only-namespaces short long brief briefly
        eating eats eat hogging hogs burning burns taking bring brings sure ensure ensures
        sit sits sitting anywhere somewhere nowhere together hungriest hungry loaded busiest develop develops evolve
        evolves throw throws crash-looped night morning evening release mind fine-grained roll rolling
        mem prev nice kind-hearted better worse difference resized
        top-level least-used most-used highest-cpu cpu-heavy memory-heavy
        schedulable unschedulable maintenance mode observe auto manifest manifests template spec config file files
        because so therefore however although though unless except without including include included excluding
        respectively via etc eg ie vs versus related matching match matches contain contains containing starting start
        starts starting ending want wants wanted needs needed required require requires should shall must ought
        service-level user users person people team teams namespace namespaces ns
        across entire whole whereabouts everywhere
        high higher low lower large small big huge slow slowly fast quick quickly heavy idle busy
        command commands shell terminal production-ready default""".split()
    )
) - {"default"}

# Words of the above that services and namespaces are called all the same: names where only a name can stand.
ALSO_NAMES = frozenset(
    """search logging monitoring monitor report reports review reviews audit fetch watch load metrics metric app
    application applications shell debug storage network cache user users people team teams system test config
    settings estimate query worker workers machine volume version versions compare default event events
    scaling scaler autoscaler forecast recommend image images tag label target
    command people suggestions recommendation recommendations""".split()
) - {"event", "events", "forecast", "version", "versions", "image", "images", "tag", "label", "target", "load"}

NUMBERS = {
    "zero": 0,
    "one": 1,
    "two": 2,
    "three": 3,
    "four": 4,
    "five": 5,
    "six": 6,
    "seven": 7,
    "eight": 8,
    "nine": 9,
    "ten": 10,
    "twelve": 12,
    "fifteen": 15,
    "twenty": 20,
}

# kubectl's short names that are also words of English, or that people use for other things.
NOT_KINDS_IN_ENGLISH = frozenset(
    """no ev ep pc sc limits limit config configs worker workers machine machines cron crons dep deps volume
    volumes claim claims role-based nos pcs cs endpoint endpoints autoscaler autoscalers event events quota""".split()
) - {"autoscaler", "autoscalers", "event", "events", "quota", "endpoint", "endpoints", "volume", "volumes"}

# An object that is described in full, with nothing said of what shall be done.
SOMETHING_NEW = re.compile(
    r"^(?:please )?(?:(?:i|we) (?:need|want|would like) |(?:i|we)'d like |give me )?(?:"
    r"an? (?:new )?(?:kubernetes )?(?:manifest|yaml)s? (?:for|of)\b|"
    r"(?:an? )?(?:new )?(?:deployment|statefulset|daemonset|job|cron ?job|service|ingress|config ?map|pvc) "
    r"(?:for|of|running|that runs|with|named|called)\b.*?(?:\b\d+ (?:replicas?|copies|instances)\b|\bport \d+|"
    r"\b\d+(?:\.\d+)? ?[gmt]i?b? (?:of )?(?:memory|ram|storage|disk)\b|\b\d+m? (?:cpus?|cores?)\b))",
    re.IGNORECASE,
)
