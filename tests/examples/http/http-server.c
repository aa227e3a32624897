/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* http-server: the files that a folder has at the start, as pages. The first Ctrl-C or SIGTERM is closing time, the second stops at once. */

#include "http.h"

#include <gio/gio.h>
#include <stdlib.h>

static const char welcome[] = "<!doctype html><title>Trio</title><p>One nursery, and a task for each of you.\n";

static void
say_closing (gpointer unused G_GNUC_UNUSED)
{
  g_print ("closing; once more to stop at once\n");
}

static gboolean
stay_open (gpointer data, GError **error)
{
  HttpServer *server = data;

  g_print ("http://127.0.0.1:%u/\n", trio_listener_get_port (server->listener));
  return http_stay_open (NULL, error);
}

typedef struct
{
  HttpServer server;
  guint16    port;
} Site;

static gboolean
open_site (gpointer data, GError **error)
{
  Site *site = data;

  return http_server_run (&site->server, "127.0.0.1", site->port, stay_open, &site->server, error);
}

static void
page_clear (gpointer data)
{
  HttpPage *page = data;

  g_free ((char *) page->path);
  g_free ((char *) page->type);
  g_clear_pointer (&page->body, g_bytes_unref);
  g_free ((char *) page->file);
}

static void
add_page (GArray *pages, char *path, const char *name, GBytes *body, char *file)
{
  g_autofree char *content = g_content_type_guess (name, NULL, 0, NULL);
  HttpPage page = { path, g_content_type_get_mime_type (content), body, file };

  g_array_append_val (pages, page);
}

/* Every file of the folder; folders in it are left out. */
static gboolean
add_folder (GArray *pages, const char *folder, GError **error)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, error);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *file = g_build_filename (folder, name, NULL);

      if (g_file_test (file, G_FILE_TEST_IS_REGULAR))
        add_page (pages, g_strconcat ("/", name, NULL), name, NULL, g_steal_pointer (&file));
    }
  return dir != NULL;
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GArray) pages = g_array_new (TRUE, TRUE, sizeof (HttpPage));
  int port = 0, patience_ms = 10000, grace_ms = 10000;
  Site site = { .server = { .on_closing = say_closing } };
  const GOptionEntry entries[] = {
    { "port", 'p', 0, G_OPTION_ARG_INT, &port, "Where to listen (a free one)", "PORT" },
    { "patience", 'w', 0, G_OPTION_ARG_INT, &patience_ms, "How long a request, or its answer, may take (10000)", "MILLISECONDS" },
    { "grace", 'g', 0, G_OPTION_ARG_INT, &grace_ms, "How long they may still take at closing time (10000)", "MILLISECONDS" },
    { 0 },
  };
  g_autoptr (GOptionContext) options = g_option_context_new ("[FOLDER]");
  gboolean ok;

  g_array_set_clear_func (pages, page_clear);
  add_page (pages, g_strdup ("/"), "welcome.html", g_bytes_new_static (welcome, sizeof welcome - 1), NULL);
  g_option_context_add_main_entries (options, entries, NULL);
  if (!g_option_context_parse (options, &argc, &argv, &error) || (argc > 1 && !add_folder (pages, argv[1], &error)))
    {
      g_printerr ("http-server: %s\n", error->message);
      return 2;
    }
  if (port < 0 || port > G_MAXUINT16 || argc > 2)
    {
      g_printerr ("http-server: %s\n", argc > 2 ? "it serves one folder" : "a port is a number from 0, for one that is free, to 65535");
      return 2;
    }

  site.port = (guint16) port;
  site.server.pages = (const HttpPage *) (gpointer) pages->data;
  site.server.patience_us = patience_ms * G_TIME_SPAN_MILLISECOND;
  site.server.grace_us = grace_ms * G_TIME_SPAN_MILLISECOND;
  ok = trio_run (open_site, &site, &error);
  g_print ("%u answered, %u silent, %u broken\n", site.server.n_answered, site.server.n_silent, site.server.n_broken);
  if (!ok)
    g_printerr ("http-server: %s\n", error->message);
  return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}
