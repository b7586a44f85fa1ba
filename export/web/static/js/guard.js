/**
 * Says why the page does not start where modules cannot: from a file, or in a browser
 * that is too old. A script, not a module, since it must run there.
 */
(function () {
  "use strict";
  var message = "";
  if (location.protocol === "file:") {
    message = "Browsers do not load modules from files. In this folder, run " +
      "python -m http.server and open http://localhost:8000.";
  } else if (!("noModule" in HTMLScriptElement.prototype)) {
    message = "This browser is too old for the page: it has no modules.";
  } else if (typeof WebAssembly !== "object") {
    message = "This browser has no WebAssembly, or it is switched off; the model " +
      "needs it.";
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
