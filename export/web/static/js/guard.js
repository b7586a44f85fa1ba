/**
 * Explains why the page does not start if modules do not load: from a file, or in a
 * browser that is too old. This is a script, not a module, so that it runs in these cases.
 */
(function () {
  "use strict";
  var message = "";
  if (location.protocol === "file:") {
    message = "Browsers do not load modules from files. In this folder, run " +
      "python -m http.server and open http://localhost:8000.";
  } else if (!("noModule" in HTMLScriptElement.prototype)) {
    message = "This browser is too old for the page: it does not support modules.";
  } else if (typeof WebAssembly !== "object") {
    message = "This browser has no WebAssembly, or it is disabled; the model needs it.";
  }
  if (message) {
    document.addEventListener("DOMContentLoaded", function () {
      var box = document.getElementById("failure");
      box.textContent = message;
      box.hidden = false;
      document.getElementById("loading").hidden = true;
    });
  }
})();
