// Before the first paint, so that a dark page never flashes white. A file of its own: the CSP allows nothing inline.
(function () {
  var wanted = null;
  try {
    wanted = localStorage.getItem("ai4k8s.theme");
  } catch (_) {
    /* storage may be forbidden; the system's theme it is */
  }
  if (wanted === "dark" || wanted === "light") document.documentElement.dataset.theme = wanted;
})();
