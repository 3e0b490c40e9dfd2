/* Sliders answer while they move. Without script the form sends itself by its button and the page says the same. */
(function () {
  "use strict";
  var form = document.querySelector("form[data-whatif]");
  var answer = document.getElementById("answer");
  if (!form || !answer) return;
  var solve = document.querySelector("form[data-copies]");
  var waiting = null, asked = 0;

  function exactOf(slider) {
    return form.querySelector('[data-exact="' + slider.id + '"]');
  }

  function ask() {
    var query = new URLSearchParams(new FormData(form)).toString();
    var mine = ++asked;
    answer.setAttribute("aria-busy", "true");
    fetch(form.dataset.whatif + "?" + query, { headers: { "X-Requested-With": "fetch" } })
      .then(function (reply) {
        if (!reply.ok) throw new Error(String(reply.status));
        return reply.text();
      })
      .then(function (text) {
        if (mine !== asked) return;
        answer.innerHTML = text;
        history.replaceState(null, "", form.action + "?" + query);
      })
      .catch(function () {
        if (mine === asked) form.submit();
      })
      .finally(function () {
        if (mine === asked) answer.removeAttribute("aria-busy");
      });
    if (solve) {
      new FormData(form).forEach(function (value, name) {
        var copy = solve.querySelector('input[name="' + name + '"]');
        if (copy) copy.value = value;
      });
    }
  }

  function soon() {
    clearTimeout(waiting);
    waiting = setTimeout(ask, 200);
  }

  form.querySelectorAll("[data-slider]").forEach(function (slider) {
    var exact = exactOf(slider);
    slider.addEventListener("input", function () {
      exact.value = "";
      exact.placeholder = slider.value;
      soon();
    });
    exact.addEventListener("input", function () {
      var typed = Number(exact.value.replace(/,/g, ""));
      if (exact.value && isFinite(typed)) slider.value = String(typed);
      soon();
    });
  });
  form.addEventListener("submit", function (event) {
    event.preventDefault();
    ask();
  });
})();
