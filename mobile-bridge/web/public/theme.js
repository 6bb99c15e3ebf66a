// Before the first paint: no white flash at night. Night is what a page is without a choice.
document.documentElement.dataset.theme = localStorage.getItem("theme") === "day" ? "day" : "night";
