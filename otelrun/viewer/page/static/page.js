import { openReport } from "./report_data.js";
document.getElementById("page").textContent = typeof openReport;
