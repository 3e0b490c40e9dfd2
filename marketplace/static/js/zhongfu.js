/* Small conveniences; every page works without them. */
(function () {
  "use strict";

  // A form is sent once: the second tap on a slow line does nothing. The server holds the same promise by the form's key.
  document.addEventListener("submit", function (event) {
    var form = event.target;
    if (form.method === "dialog" || form.method === "get") return;
    if (form.hasAttribute("data-download")) return; // what comes back is a file; the page stays and may be used again
    if (form.dataset.sent === "yes") {
      event.preventDefault();
      return;
    }
    var offline = document.getElementById("offline");
    if (navigator.onLine === false && offline) {
      event.preventDefault();
      offline.hidden = false;
      offline.focus();
      return;
    }
    form.dataset.sent = "yes";
    form.querySelectorAll("button:not([type=button])").forEach(function (button) {
      button.setAttribute("aria-busy", "true");
    });
  });

  // Coming back by the browser's history, the form may be sent again (its key is the same, so it still acts once).
  window.addEventListener("pageshow", function () {
    document.querySelectorAll("form[data-sent]").forEach(function (form) {
      delete form.dataset.sent;
      form.querySelectorAll("[aria-busy]").forEach(function (button) {
        button.removeAttribute("aria-busy");
      });
    });
  });

  window.addEventListener("online", function () {
    var offline = document.getElementById("offline");
    if (offline) offline.hidden = true;
  });

  document.addEventListener("click", function (event) {
    if (event.target.closest("[data-print]")) window.print();
  });

  var summary = document.querySelector("[data-error-summary]");
  if (summary) summary.focus();
})();
