/** For other people's pages: one module script that makes `<compliance-sidebar>` work (docs/embed.md). */
import "./main.js";
