"""Which tool an English sentence means: cautions first, then orders, then questions."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from ai4k8s_chat.domain.kinds import BY_KIND
from ai4k8s_chat.domain.parsing import caution, reads, vocabulary, writes
from ai4k8s_chat.domain.parsing.heard import Heard, corrected, hear, is_plural, is_pod_name, kind_of, number_of
from ai4k8s_chat.domain.parsing.parsed import Context, Outcome, Parsed, Subject, ask_back, call, refuse
from ai4k8s_chat.domain.parsing.vocabulary import POLITE, READ_VERBS, WRITE_VERBS
from ai4k8s_chat.domain.parsing.words import Word, split_words

if TYPE_CHECKING:
    from collections.abc import Callable

_QUESTIONS = frozenset("why who whom which when where what how is are was were did does do has have had".split())


def _base(match: re.Match[str]) -> str:
    """'would you mind restarting': restart."""
    stem = match[1][:-3].lower()
    return next((verb for verb in WRITE_VERBS if verb in {stem, f"{stem}e", stem[:-1]}), match[1])


_PHRASES: tuple[tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]], ...] = (
    (re.compile(r"\bpersistent ?volume ?claim(s?)\b", re.IGNORECASE), r"pvc\1"),
    (re.compile(r"\bpersistent ?volume(s?)\b", re.IGNORECASE), r"pv\1"),
    (re.compile(r"\bnetwork polic(y|ies)\b", re.IGNORECASE), r"networkpolic\1"),
    (re.compile(r"\b(storage|ingress|priority) class(es)?\b", re.IGNORECASE), r"\1class\2"),
    (re.compile(r"\bhorizontal pod ?autoscaler(s?)\b", re.IGNORECASE), r"hpa\1"),
    (re.compile(r"\bvertical pod ?autoscaler(s?)\b", re.IGNORECASE), r"vpa\1"),
    (re.compile(r"\bpod ?disruption ?budget(s?)\b", re.IGNORECASE), r"pdb\1"),
    (re.compile(r"\bcustom ?resource ?definition(s?)\b", re.IGNORECASE), r"crd\1"),
    (re.compile(r"\bget rid of\b", re.IGNORECASE), "delete"),
    (re.compile(r"\broll(?:ing)? ?-?back\b", re.IGNORECASE), "rollback"),
    (re.compile(r"\broll (\S+(?: \S+){0,3}?) back\b", re.IGNORECASE), r"rollback \1"),
    (re.compile(r"^(?:please )?give (.+?) a (?:rolling )?restart\b", re.IGNORECASE), r"restart \1"),
    (
        re.compile(r"\bgo back to (?:the )?(?:(?:previous|last|earlier|former) )?", re.IGNORECASE),
        "rollback to ",
    ),
    (re.compile(r"\b(?:would|do|could) you mind (\w+ing)\b", re.IGNORECASE), _base),
    (re.compile(r"\b(?:would|could) you be so (?:nice|kind|good)(?: and| to| as to)?\b", re.IGNORECASE), "please"),
    (re.compile(r"\brollout restart\b|\brolling restart(?: of)?\b|\broll out again\b", re.IGNORECASE), "restart"),
    (re.compile(r"\brollout undo\b", re.IGNORECASE), "rollback"),
    (re.compile(r"(?<![-\w'\"`])scale-(up|down|out|in)(?![-\w])", re.IGNORECASE), r"scale \1"),
    (re.compile(r"\bspin up\b|\bstart up\b|\bbring up\b|\bstand up\b", re.IGNORECASE), "run"),
    (re.compile(r"\bset ?up\b", re.IGNORECASE), "create"),
    (re.compile(r"\bturn on\b|\bswitch on\b", re.IGNORECASE), "enable"),
    (re.compile(r"\bturn off\b|\bswitch off\b|\bshut down\b|\btake down\b|\btear down\b", re.IGNORECASE), "stop"),
    (
        re.compile(
            r"(?:^|(?<=please )|(?<=and )|(?<=, ))(?:perform|do|trigger|initiate|execute|carry out) (?:a |an |the )?(?:rolling )?(restart|rollback|drain)(?: of| for| on)?\b",
            re.IGNORECASE,
        ),
        r"\1",
    ),
)
_IMPERATIVES: dict[str, Callable[[Heard], Parsed]] = {
    "scale": writes.scale,
    "increase": writes.scale,
    "decrease": writes.scale,
    "delete": writes.delete,
    "restart": writes.restart,
    "undo": writes.undo,
    "set": writes.change,
    "label": writes.label,
    "annotate": writes.label,
    "cordon": writes.on_node("node_cordon", "cordon"),
    "uncordon": writes.on_node("node_uncordon", "uncordon"),
    "drain": writes.on_node("node_drain", "drain"),
    "evict": writes.on_node("node_drain", "drain"),
    "mark": writes.mark,
    "run": writes.run,
    "exec": writes.execute,
    "create": writes.create,
    "generate": writes.generate,
    "autoscale": writes.hpa,
    "enable": writes.enable,
    "unsupported": writes.unsupported,
}
CHOICES = ("show pods", "what is wrong with my cluster?", "logs of a pod", "forecast of a workload")


def parse_english(text: str, context: Context) -> Parsed:
    """Understand one message."""
    lower = text.lower()
    if caution.is_shell(lower):
        return refuse("There is no shell here. Ask for what you want to see or change, or give a kubectl line.")
    if caution.is_order_to_disobey(lower):
        return refuse(
            "Writes always become a plan that a person approves, and no message changes that. Ask for the change itself."
        )
    if caution.asks_how(lower) or caution.supposes(lower):
        return _only_asked(text, context)
    if caution.forbids(lower):
        rest = caution.without_prohibitions(text)
        parsed = _understand(rest, _with_subject(text, context)) if rest else None
        if parsed is not None and parsed.tool and _ASKS.search(rest.lower()):
            return parsed.noted("What you ruled out is not done.")
        return ask_back("Understood as something not to be done, so nothing is. What shall I do instead?", *CHOICES)
    sentences = _SENTENCES.split(text)
    return _of_sentences(sentences, context) if len(sentences) > 1 else _understand(text, context)


def _of_sentences(sentences: list[str], context: Context) -> Parsed:
    """'The release is broken. Roll back web.': the one that is an order, or else the first that asks for something."""
    parsed = [_understand(sentence, context) for sentence in sentences]
    orders = [one for one in parsed if one.outcome is Outcome.WRITE]
    if len(orders) > 1:
        return ask_back("That is more than one change. Which one first?", *sentences)
    if orders:
        return orders[0]
    whole = _understand(" ".join(sentences), context)
    asked = [one for one, said in zip(parsed, sentences, strict=True) if one.tool and _REQUEST.search(said.lower())]
    if asked and asked[0].tool == whole.tool and "name" in whole.arguments:
        return whole  # what it is about was named in another sentence
    return asked[0] if asked else whole


_ASKING = "show|list|get|display|print|give|fetch|find|describe|inspect|check|count|tell|explain|logs?|events?|forecast|diagnose|what|which"
_REQUEST = re.compile(
    rf"\?|\b(?:{_ASKING}|compare|read|tail|top|predict|debug|troubleshoot|investigate|who|why|how many|need|want)\b"
)


def _with_subject(text: str, context: Context) -> Context:
    """'its' in what remains means what the prohibition named."""
    heard = hear(split_words(text), text, context)
    if heard.name is None:
        return context
    kind = heard.kind_name or ("Pod" if is_pod_name(heard.name) else "Deployment")
    return replace(context, subject=Subject(kind, heard.name, heard.namespace))


def _only_asked(text: str, context: Context) -> Parsed:
    """A question about an act: a reading stays a reading, an act is offered, never done."""
    inner = _INNER.sub(" ", text).strip()
    parsed = _understand(inner, context)
    acts = _ACTS.search(text.lower()) and caution.supposes(text.lower())
    reading = parsed.outcome is Outcome.READ and parsed.tool != "manifest_generate" and not acts
    if reading or parsed.tool is None:
        return parsed
    return ask_back(
        "You asked about it, so nothing is planned. Say it as an order, and I show exactly what would change first.",
        f"plan it: {parsed.tool}",
        tool=parsed.tool,
        kind=parsed.kind,
    )


_ACTS = re.compile(
    r"\b(?:delet(?:ed?|ing)|scal(?:ed?|ing)|restart(?:ed|ing)?|drain(?:ed|ing)?|remov(?:ed?|ing)|roll(?:ed|ing)? ?back|cordon(?:ed|ing)?)\b"
)
_INNER = re.compile(
    r"^.*?\b(?:how (?:do|can|could|should|would|might|does|to)(?: i| we| you| one)?|how (?:i|we|you|one) (?:would|can|could|should|do|might)|what (?:would|will|could|might) happen if(?: i| we| you)?|what happens (?:if|when)(?: i| we| you)?|"
    r"what if(?: i| we| you)?|should (?:i|we)|is it (?:safe|ok|okay|possible|wise|a good idea|allowed|fine) to|(?:can|could|may|might) i|"
    r"do (?:i|we) need to|steps to|way to|command (?:to|for)|commands (?:to|for))\b",
    re.IGNORECASE,
)


def _understand(text: str, context: Context) -> Parsed:
    lower = text.lower()
    if caution.wants_secret_values(lower) and not re.search(r"\b(?:list|names|which|how many|rotate|expire)\b", lower):
        return _masked(text, context)
    phrased = _phrase(corrected(text, context.known))
    words = split_words(phrased)
    if not words:
        return ask_back("What would you like to know or change?", *CHOICES)
    heard = _continued(hear(words, phrased, context, text), context)
    # 'deployment for nginx with 3 replicas and 2GB memory': what is specified in full is wanted, not looked for.
    verb = "generate" if vocabulary.SOMETHING_NEW.match(phrased) and "?" not in text else _imperative(words)
    if verb is None and (order := _after_a_reason(phrased, context, heard)) is not None:
        return order
    if verb == "unsupported" and _gives_replicas(words):
        verb = "scale"
    if verb == "fix":
        return diagnose(heard).noted(
            "I look first: what to change is proposed with the evidence, and needs your approval."
        )
    if (
        verb == "run"
        and re.search(r"\brun (?:the )?(?:command )?['\"`].+['\"`] (?:in|inside|on)\b|\bcommand\b", heard.text)
        and not heard.has("image")
    ):
        return writes.execute(heard)
    if verb is not None:
        return _IMPERATIVES[verb](heard)
    return look(heard)


def _phrase(text: str) -> str:
    for pattern, plain in _PHRASES:
        text = pattern.sub(plain, text)
    return text


_ASKS = re.compile(rf"\b(?:{_ASKING}|{'|'.join(map(re.escape, WRITE_VERBS))})\b")
_SENTENCES = re.compile(r"(?<=[.!?])\s+(?=[A-Z\"'`])")


_REASON = re.compile(r",\s+(?:so\s+|then\s+|and\s+)?")


def _after_a_reason(text: str, context: Context, whole: Heard) -> Parsed | None:
    """'since it leaks, restart web in shop': an order after a comma; None when there is none."""
    if _first(split_words(text)) in _QUESTIONS:
        return None
    for comma in _REASON.finditer(text):
        clause = text[comma.end() :]
        words = split_words(clause)
        verb = WRITE_VERBS.get(_first(words), "")
        if verb in _IMPERATIVES:
            heard = hear(words, clause, context, whole.raw)
            return _IMPERATIVES[verb](replace(heard, namespace=heard.namespace or whole.namespace))
    return None


def _first(words: tuple[Word, ...]) -> str:
    """The first word that says something."""
    return next((word.lower for word in words if word.lower not in POLITE), "")


def _imperative(words: tuple[Word, ...]) -> str | None:
    """The verb of an order: the first verb of all, unless a question word or a reading verb stands before it."""
    if _gives_replicas(words) and any(word.lower in {"ensure", "sure"} for word in words):
        return "scale"
    told = any(word.lower in {"want", "need", "should", "must"} for word in words)
    if told and _gives_replicas(words) and _first(words) not in _QUESTIONS | READ_VERBS | set(WRITE_VERBS):
        return "scale"
    for at, word in enumerate(words):
        lower = word.lower
        if lower == "do" and at + 1 < len(words) and words[at + 1].lower in WRITE_VERBS:
            continue
        if lower == "make" and at + 1 < len(words) and words[at + 1].lower == "sure":
            continue
        if lower in WRITE_VERBS and not _is_noun(words, at):
            return (
                "mark"
                if lower == "make" and any(w.lower in {"schedulable", "unschedulable"} for w in words)
                else WRITE_VERBS[lower]
            )
        if lower in _QUESTIONS or lower in READ_VERBS:
            if lower in {"give", "get"} and _wants_one(words):
                return "generate"
            return "scale" if lower == "give" and _gives_replicas(words) else None
    if _gives_replicas(words) and any(word.lower in _ENSURING for word in words):
        return "scale"
    return "generate" if _wants_one(words) else None


_ENSURING = frozenset("bring take ensure sure should want need needs get put keep have has".split())


def _gives_replicas(words: tuple[Word, ...]) -> bool:
    """'... 4 replicas'."""
    counted = any(number_of(word) is not None for word in words)
    return counted and any(word.lower in {"replicas", "replica", "instances", "copies"} for word in words)


def _wants_one(words: tuple[Word, ...]) -> bool:
    """'I need a cron job that ...'."""
    if {"yaml", "manifest"} & {word.lower for word in words} and any(
        word.lower == "for" and words[at + 1].lower in {"a", "an"} for at, word in enumerate(words[:-1])
    ):
        return True
    wants = [at for at, word in enumerate(words) if word.lower in {"need", "want", "like"}]
    return any(
        word.lower in {"a", "an"}
        and at - 1 in wants
        and any(kind_of(near) and not is_plural(near) for near in words[at + 1 : at + 4])
        for at, word in enumerate(words)
    )


_NOUNS = {
    "use",
    "label",
    "tag",
    "scale",
    "set",
    "run",
    "start",
    "change",
    "update",
    "increase",
    "move",
    "make",
    "copy",
    "drop",
    "write",
}


def _is_noun(words: tuple[Word, ...], at: int) -> bool:
    """'the label', 'cpu use', 'a drop': not an order."""
    if words[at].lower not in _NOUNS:
        return False
    before = words[at - 1].lower if at else ""
    return before in {"the", "a", "an", "of", "this", "that", "cpu", "memory", "resource", "with", "its", "in", "by"}


def _masked(text: str, context: Context) -> Parsed:
    """Secrets are shown without their values; other secrets than Kubernetes' not at all."""
    heard = hear(split_words(text), text, context)
    note = "Values of secrets never leave the cluster: keys and sizes are shown."
    if heard.name and heard.kind is not None and heard.kind.kind == "Secret":
        return call("resources_get", namespace=heard.namespace, kind="Secret", name=heard.name).noted(note)
    if heard.kind is not None and heard.kind.kind == "Secret":
        return call("resources_list", namespace=heard.namespace, kind="Secret").noted(note)
    return refuse("Credentials are never shown. I can list a namespace's Secrets with their keys, without the values.")


_IT = re.compile(
    r"\b(?:it|its|that one|this one|the same|them|their|that (?:pod|deployment|workload|service)|this (?:pod|deployment|workload|service))\b"
)


def _continued(heard: Heard, context: Context) -> Heard:
    """'and its logs?': what is not named is what the conversation is about."""
    subject = context.subject
    if heard.namespace is None and not heard.everywhere and context.namespace:
        heard = replace(heard, namespace=context.namespace)
    if subject is None or heard.name or heard.contains or heard.selector:
        return heard
    follows = _IT.search(heard.text) or (
        heard.kind is None and heard.says(r"^(?:and|also|now|then|ok|what about|how about)\b")
    )
    if not follows:
        return heard
    return _about(heard, subject)


def _about(heard: Heard, subject: Subject) -> Heard:
    kind = heard.kind if heard.kind is not None and heard.kind.kind != "Event" else BY_KIND.get(subject.kind)
    if heard.kind is not None and heard.kind.kind not in (subject.kind, "Event"):
        return replace(heard, namespace=heard.namespace or subject.namespace, contains=subject.name)
    return replace(heard, kind=kind, plural=False, name=subject.name, namespace=heard.namespace or subject.namespace)


# 'crashing pods' are a list; why they crash, and what is wrong with them, is a diagnosis.
_CAUSES = r"\bwhy\b|\bwrong\b|\b(?:issues?|problems?|trouble) (?:with|in|of)\b|\bdiagnos|\bdebug|\binvestigat|\btroubleshoot|\bcause|\bkeeps?\b|\bfix\b|\bhealthy in\b|\bhealthy\?"


def look(heard: Heard) -> Parsed:
    """Questions, the most telling words first."""
    if heard.says(r"\bwhat is (?:better|best|the difference)\b|\bdifference between\b"):
        return ask_back(
            "I know this cluster and not Kubernetes in general. What would you like to see of it?", *CHOICES
        )
    if heard.says(r"\b(?:hpa|autoscaler)\b.*\bmax\b") and heard.name:
        return writes.hpa(heard)
    for pattern, parse in _LOOKS:
        if heard.says(pattern):
            return parse(heard)
    many = heard.plural and heard.kind is not None and not heard.name
    if heard.says(reads.WRONG) and not (many and not heard.says(_CAUSES)):
        return diagnose(heard)
    if (
        heard.kind is not None
        and heard.kind.kind == "Node"
        and heard.name
        and heard.says(r"\b(?:running|runs?|scheduled|placed) (?:on|there)\b")
    ):
        return call("pods_list", node=heard.name, output=reads.listed_as(heard))
    if heard.kind is not None:
        return reads.listing(heard)
    if heard.name:
        return _bare(heard)
    if heard.says(r"\bimages?\b") or (heard.namespace and heard.says(r"\b(?:running|runs|there|what is in|exists?)\b")):
        return reads.pods(heard)
    if heard.says(r"\bdeployed\b"):
        return call("resources_list", namespace=heard.namespace, kind="Deployment")
    if heard.says(r"\b(?:cpu|memory|ram)\b"):
        return reads.top(heard)
    return ask_back(
        "I did not understand that. I can show, explain and (with your approval) change what runs in a cluster.",
        *CHOICES,
    )


def _bare(heard: Heard) -> Parsed:
    """A name without a kind."""
    name = heard.name or ""
    kinds = heard.known.get(name, ())
    if is_pod_name(name) and not kinds:
        return call("pods_get", namespace=heard.namespace, name=name, output=_object_output(heard))
    if len(kinds) == 1 and kinds[0] == "Pod":
        return call("pods_get", namespace=heard.namespace, name=name, output=_object_output(heard))
    if len(kinds) == 1:
        return call("resources_get", namespace=heard.namespace, kind=kinds[0], name=name, output=_object_output(heard))
    if heard.says(r"\b(?:show|get|describe|inspect|status|details?|info|check)\b"):
        choices = kinds or ("Deployment", "Pod", "Service")
        return ask_back(f"What kind of object is {name}?", *choices)
    return ask_back(
        "I did not understand that. I can show, explain and (with your approval) change what runs in a cluster.",
        *CHOICES,
    )


def _object_output(heard: Heard) -> str | None:
    output = reads.listed_as(heard)
    return None if output in {"count", "name"} else output


def diagnose(heard: Heard) -> Parsed:
    """'what is wrong with web?'"""
    if (
        heard.kind is not None
        and not heard.name
        and not heard.contains
        and not heard.plural
        and heard.kind.kind not in {"Namespace", "Node"}
        and heard.says(r"\b(?:my|the|this|that) ")
    ):
        return ask_back(f"Which {heard.kind.kind} is meant?", tool="diagnose", kind=heard.kind.kind)
    arguments = reads.about(heard)
    return call("diagnose", **arguments)


def _decisions(heard: Heard) -> Parsed:
    return call("decisions_explain", **reads.about(heard), limit=reads.limit(heard))


def _recommendations(heard: Heard) -> Parsed:
    return call("recommendations", **reads.about(heard), limit=reads.limit(heard))


def _anomalies(heard: Heard) -> Parsed:
    return call("anomalies", **reads.about(heard), limit=reads.limit(heard))


_LOOKS: tuple[tuple[str, Callable[[Heard], Parsed]], ...] = (
    (
        r"^(?!.*\b(?:hpa|keda)\b).*\bwhy (?:was|were|did|is|has|have|had)(?: not)? .*\b(?:scaled?|scaling|autoscaled?|added|removed) ?(?:up|down|out|in)?\b(?!.*\b(?:high|despite|hpa|keda)\b)|\bwhy\b.*\b(?:did|does|do)(?: not)? (?:you |it )?scale\b|\b(?:was|were|got|been) (?:auto)?scaled\b|\bscaling decisions?\b|\bdecisions?\b|\bwhat did you (?:do|scale|change)\b",
        _decisions,
    ),
    (
        r"\bforecast|\bpredict|\bwill .*\b(?:need|use|exceed|run out|require|look like|develop|evolve|behave|grow|change)\b|\bin the next (?:\d+|few|couple of) (?:hours|minutes|days)\b|\bgoing to (?:need|use|run out)\b|\b(?:do|does|you|we) expect\b|\bexpected (?:load|usage|demand|use)\b|\b(?:future|upcoming) (?:load|usage|demand|use)\b",
        reads.forecast,
    ),
    (r"\banomal|\bunusual\b|\babnormal\b|\bstrange (?:behaviou?r|pattern)|\boutliers?\b", _anomalies),
    (
        r"\brecommend|\bright-?siz|\bover-?provisioned\b|\bunder-?provisioned\b|\bsuggestions?\b|\bsuggest\b|\boptimi[sz]|\bresiz(?:e|ed|ing)\b|\bwasted?\b|\bsave (?:money|cost)",
        _recommendations,
    ),
    (r"\blogs?\b|\btail\b|\blog lines\b|\bstdout\b", reads.logs),
    (r"\brollout\b|\broll(?:ing|ed) out\b|\brevisions?\b|\brolled out\b", reads.rollout),
    (r"\bevents?\b|\bwhat (?:has )?happened (?:in|recently|today|lately)\b|\bwarnings?\b", reads.events),
    (
        r"\btop\b|\b(?:cpu|memory|ram|resources?) (?:and memory )?(?:use|usage|utili[sz]ation|consumption|consumers?|metrics|load|hog)|\b(?:use|uses|using|consum\w+) (?:the )?(?:most|least|more|too much|up)\b|\b(?:most|highest|lowest|least|how much) (?:cpu|memory|ram)\b|\b(?:loaded|busy|busiest|hungriest|hungry)\b|\bby (?:cpu|memory)\b|\busage\b|\butili[sz]ation\b|\bmetrics\b|\b(?:use|using|consum\w+) .*\b(?:cpu|memory|ram)\b|\bcpu and memory\b|\b(?:cpu|memory) (?:of|for|per)\b",
        reads.top,
    ),
)
