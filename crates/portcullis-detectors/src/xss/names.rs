//! Names of the HTML and DOM standards that carry script.

/// The names of events after `on`, as browsers know them, old and new.
const EVENTS: &[&str] = &[
    "abort",
    "activate",
    "afterprint",
    "afterscriptexecute",
    "afterupdate",
    "animationcancel",
    "animationend",
    "animationiteration",
    "animationstart",
    "auxclick",
    "beforeactivate",
    "beforecopy",
    "beforecut",
    "beforedeactivate",
    "beforeeditfocus",
    "beforeinput",
    "beforematch",
    "beforepaste",
    "beforeprint",
    "beforescriptexecute",
    "beforetoggle",
    "beforeunload",
    "beforeupdate",
    "begin",
    "blur",
    "bounce",
    "cancel",
    "canplay",
    "canplaythrough",
    "cellchange",
    "change",
    "click",
    "close",
    "command",
    "contentvisibilityautostatechange",
    "contextlost",
    "contextmenu",
    "contextrestored",
    "controlselect",
    "copy",
    "cuechange",
    "cut",
    "dataavailable",
    "datasetchanged",
    "datasetcomplete",
    "dblclick",
    "deactivate",
    "drag",
    "dragdrop",
    "dragend",
    "dragenter",
    "dragexit",
    "dragleave",
    "dragover",
    "dragstart",
    "drop",
    "durationchange",
    "emptied",
    "end",
    "ended",
    "error",
    "errorupdate",
    "filterchange",
    "finish",
    "focus",
    "focusin",
    "focusout",
    "formdata",
    "fullscreenchange",
    "fullscreenerror",
    "gesturechange",
    "gestureend",
    "gesturestart",
    "gotpointercapture",
    "hashchange",
    "help",
    "input",
    "invalid",
    "keydown",
    "keypress",
    "keyup",
    "languagechange",
    "layoutcomplete",
    "load",
    "loadeddata",
    "loadedmetadata",
    "loadend",
    "loadstart",
    "losecapture",
    "lostpointercapture",
    "mediacomplete",
    "mediaerror",
    "message",
    "messageerror",
    "mousedown",
    "mouseenter",
    "mouseleave",
    "mousemove",
    "mouseout",
    "mouseover",
    "mouseup",
    "mousewheel",
    "move",
    "moveend",
    "movestart",
    "mozfullscreenchange",
    "offline",
    "online",
    "orientationchange",
    "outofsync",
    "pagehide",
    "pagereveal",
    "pageshow",
    "pageswap",
    "paste",
    "pause",
    "play",
    "playing",
    "pointercancel",
    "pointerdown",
    "pointerenter",
    "pointerleave",
    "pointermove",
    "pointerout",
    "pointerover",
    "pointerrawupdate",
    "pointerup",
    "popstate",
    "progress",
    "propertychange",
    "ratechange",
    "readystatechange",
    "rejectionhandled",
    "repeat",
    "reset",
    "resize",
    "resizeend",
    "resizestart",
    "resume",
    "reverse",
    "rowdelete",
    "rowenter",
    "rowexit",
    "rowinserted",
    "rowsdelete",
    "rowsenter",
    "rowsinserted",
    "scroll",
    "scrollend",
    "scrollsnapchange",
    "scrollsnapchanging",
    "search",
    "securitypolicyviolation",
    "seek",
    "seeked",
    "seeking",
    "select",
    "selectionchange",
    "selectstart",
    "show",
    "slotchange",
    "stalled",
    "start",
    "stop",
    "storage",
    "submit",
    "suspend",
    "syncrestored",
    "timeerror",
    "timeupdate",
    "toggle",
    "touchcancel",
    "touchend",
    "touchmove",
    "touchstart",
    "trackchange",
    "transitioncancel",
    "transitionend",
    "transitionrun",
    "transitionstart",
    "unhandledrejection",
    "unload",
    "urlflip",
    "visibilitychange",
    "volumechange",
    "waiting",
    "webkitanimationend",
    "webkitanimationiteration",
    "webkitanimationstart",
    "webkitfullscreenchange",
    "webkitmouseforcechanged",
    "webkitmouseforcedown",
    "webkitmouseforceup",
    "webkitmouseforcewillbegin",
    "webkitplaybacktargetavailabilitychanged",
    "webkitpresentationmodechanged",
    "webkittransitionend",
    "webkitwillrevealbottom",
    "wheel",
    "zoom",
];

/// Words that begin with `on` and are no events.
const NO_EVENTS: &[&str] =
    &["once", "one", "ones", "only", "onto", "ontology", "onboarding", "ongoing", "on"];

/// This is the attribute of an event that browsers know.
pub(super) fn is_event(name: &[u8]) -> bool {
    let Some(event) = name.strip_prefix(b"on") else { return false };
    EVENTS.binary_search_by(|entry| entry.as_bytes().cmp(event)).is_ok()
}

/// This may be the attribute of an event, known or not.
pub(super) fn may_be_event(name: &[u8]) -> bool {
    name.len() > 4
        && name.starts_with(b"on")
        && name.iter().all(u8::is_ascii_alphanumeric)
        && !NO_EVENTS.iter().any(|word| word.as_bytes() == name)
}

/// Attributes without a value that stand in any tag.
pub(super) fn is_flag(name: &[u8]) -> bool {
    const FLAGS: &[&[u8]] = &[
        b"autofocus",
        b"hidden",
        b"open",
        b"checked",
        b"disabled",
        b"readonly",
        b"required",
        b"selected",
        b"controls",
        b"autoplay",
        b"loop",
        b"muted",
        b"multiple",
        b"contenteditable",
        b"draggable",
        b"tabindex",
        b"x",
        b"a",
        b"b",
        b"popover",
        b"inert",
        b"itemscope",
        b"async",
        b"defer",
    ];
    FLAGS.contains(&name)
}

/// Attributes that are shown or counted and never followed as an address.
pub(super) fn is_inert(name: &[u8]) -> bool {
    const INERT: &[&[u8]] = &[
        b"alt",
        b"title",
        b"placeholder",
        b"class",
        b"id",
        b"name",
        b"label",
        b"summary",
        b"lang",
        b"dir",
        b"rel",
        b"target",
        b"width",
        b"height",
        b"type",
        b"charset",
        b"media",
        b"aria-label",
    ];
    INERT.contains(&name)
}

/// Functions whose call in a script is what an attacker wants, or shows to have succeeded.
const SINKS: &[&str] = &[
    "$",
    "alert",
    "appendchild",
    "assign",
    "atob",
    "confirm",
    "constructor",
    "createcontextualfragment",
    "createelement",
    "decodeuri",
    "decodeuricomponent",
    "eval",
    "execscript",
    "expression",
    "fetch",
    "function",
    "getelementbyid",
    "getelementsbytagname",
    "getscript",
    "import",
    "importscripts",
    "insertadjacenthtml",
    "msgbox",
    "navigate",
    "open",
    "postmessage",
    "print",
    "prompt",
    "queryselector",
    "reload",
    "sendbeacon",
    "setattribute",
    "setinterval",
    "settimeout",
    "tostring",
    "unescape",
    "write",
    "writeln",
    "xmlhttprequest",
];

/// Functions that demonstrate an injection when they are the whole input.
const DEMONSTRATIONS: &[&str] = &["alert", "confirm", "execscript", "msgbox", "prompt"];

/// Objects through which a script reaches the page.
const GLOBALS: &[&str] = &[
    "document",
    "frames",
    "globalthis",
    "localstorage",
    "location",
    "navigator",
    "opener",
    "parent",
    "self",
    "sessionstorage",
    "this",
    "top",
    "window",
];

fn is_in(list: &[&str], name: &[u8]) -> bool {
    let mut buffer = [0_u8; 32];
    let Some(target) = buffer.get_mut(..name.len()) else { return false };
    for (to, from) in target.iter_mut().zip(name) {
        *to = from.to_ascii_lowercase();
    }
    let target = &*target;
    list.binary_search_by(|entry| entry.as_bytes().cmp(target)).is_ok()
}

/// A call of this function acts on the page.
pub(super) fn is_sink(name: &[u8]) -> bool {
    is_in(SINKS, name)
}

/// A call of this function demonstrates an injection.
pub(super) fn is_demonstration(name: &[u8]) -> bool {
    is_in(DEMONSTRATIONS, name)
}

/// This object reaches the page.
pub(super) fn is_global(name: &[u8]) -> bool {
    is_in(GLOBALS, name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_sorted_so_that_they_can_be_searched() {
        for list in [EVENTS, SINKS, GLOBALS, DEMONSTRATIONS] {
            assert!(list.is_sorted(), "{:?}", list.windows(2).find(|pair| pair[0] > pair[1]));
        }
    }
}
