/* SPDX-License-Identifier: MIT OR Apache-2.0 */

/* trio-lint: the colour of functions, checked.
 *
 * In C nothing shows that a function may suspend, except our convention: it takes a GError **, and is marked TRIO_CHECKPOINT. So between two
 * such calls a reader may rely on nothing else running. This tool reads a program with libclang and reports who breaks that:
 *
 *   1. a function that takes no GError ** and is not marked, and yet calls one that may suspend;
 *   2. a call of one whose result is dropped: the cancellation it tells of would be lost.
 *
 * A function may suspend if it is marked, or if it takes a GError ** and calls, through however many others of its file, one that may.
 *
 * A function that suspends only to clean up what was left open is marked TRIO_CHECKPOINT_ON_FAILURE; its callers need no mark for it.
 * `main` is no exception; code that is written after a nursery was closed, with an error slot of its own, marks itself TRIO_CHECKPOINT. */

#include <clang-c/CXCompilationDatabase.h>
#include <clang-c/Index.h>
#include <glib.h>
#include <stdlib.h>
#include <string.h>

#define MARK            "trio::checkpoint"
#define MARK_ON_FAILURE "trio::checkpoint-on-failure"

typedef struct
{
  char     *usr;             /* what the function is called in every file */
  char     *name;
  char     *file;
  unsigned  line;
  gboolean  marked;
  gboolean  excused;         /* marked as one that suspends only when something was left open */
  gboolean  takes_error;
  gboolean  returns;         /* something */
  gboolean  must_use;        /* declared with warn_unused_result */
  gboolean  defined;         /* here */
  gboolean  suspends;        /* as far as is known */
} Function;

typedef struct
{
  Function *caller;
  Function *callee;
  char     *file;
  unsigned  line;
  gboolean  dropped;         /* nobody looks at the result */
} Call;

/* One file of the program. Tables are looked up by name; what is walked is an array, in the order of the text. */
typedef struct
{
  const char *root;          /* only what lies below is reported; NULL: everything but system headers */
  GHashTable *by_usr;
  GPtrArray  *functions;
  GPtrArray  *calls;
  Function   *inside;        /* whose body is being read */
} Reading;

static GPtrArray *findings;      /* of strings, sorted and without doubles at the end */

static char *
take_string (CXString string)
{
  char *copy = g_strdup (clang_getCString (string));

  clang_disposeString (string);
  return copy;
}

static void
function_free (gpointer data)
{
  Function *function = data;

  g_free (function->usr);
  g_free (function->name);
  g_free (function->file);
  g_free (function);
}

static void
call_free (gpointer data)
{
  Call *call = data;

  g_free (call->file);
  g_free (call);
}

static char *
locate (CXCursor cursor, unsigned *line)
{
  CXFile file;

  clang_getExpansionLocation (clang_getCursorLocation (cursor), &file, line, NULL, NULL);
  return file != NULL ? take_string (clang_getFileName (file)) : g_strdup ("");
}

static enum CXChildVisitResult
look_for_marks (CXCursor child, CXCursor parent G_GNUC_UNUSED, CXClientData data)
{
  Function *function = data;

  if (clang_getCursorKind (child) == CXCursor_AnnotateAttr)
    {
      g_autofree char *text = take_string (clang_getCursorSpelling (child));

      function->marked |= g_str_equal (text, MARK);
      function->excused |= g_str_equal (text, MARK_ON_FAILURE);
    }
  else if (clang_getCursorKind (child) == CXCursor_WarnUnusedResultAttr)
    function->must_use = TRUE;
  return CXChildVisit_Continue;
}

static gboolean
takes_error (CXCursor declaration)
{
  int n = clang_Cursor_getNumArguments (declaration);
  CXType type;

  if (n < 1)
    return FALSE;
  type = clang_getCursorType (clang_Cursor_getArgument (declaration, (unsigned) n - 1));
  g_autofree char *spelling = take_string (clang_getTypeSpelling (type));

  return g_str_equal (spelling, "GError **");
}

/* The function that a cursor declares; what any of its declarations says is collected. */
static Function *
intern (Reading *reading, CXCursor declaration)
{
  g_autofree char *usr = take_string (clang_getCursorUSR (declaration));
  Function *function = g_hash_table_lookup (reading->by_usr, usr);

  if (function == NULL)
    {
      function = g_new0 (Function, 1);
      function->usr = g_steal_pointer (&usr);
      function->name = take_string (clang_getCursorSpelling (declaration));
      function->takes_error = takes_error (declaration);
      function->returns = clang_getCursorResultType (declaration).kind != CXType_Void;
      g_hash_table_insert (reading->by_usr, function->usr, function);
      g_ptr_array_add (reading->functions, function);
    }
  clang_visitChildren (declaration, look_for_marks, function);
  clang_visitChildren (clang_getCanonicalCursor (declaration), look_for_marks, function);
  function->suspends = function->marked;
  return function;
}

/* Whether what stands at place `index` below a statement of this kind is a statement of its own, and so its value goes nowhere. */
static gboolean
drops_value (enum CXCursorKind parent, unsigned index, unsigned n)
{
  switch (parent)
    {
    case CXCursor_CompoundStmt:
    case CXCursor_LabelStmt:
    case CXCursor_DefaultStmt:
      return TRUE;

    case CXCursor_IfStmt:
    case CXCursor_WhileStmt:
    case CXCursor_SwitchStmt:
    case CXCursor_CaseStmt:
      return index > 0;

    case CXCursor_DoStmt:
      return index == 0;

    case CXCursor_ForStmt:
      return index == n - 1;

    default:
      return FALSE;
    }
}

typedef struct
{
  Reading  *reading;
  unsigned  index;
  unsigned  n;
} Walk;

static enum CXChildVisitResult
count_child (CXCursor child G_GNUC_UNUSED, CXCursor parent G_GNUC_UNUSED, CXClientData data)
{
  (*(unsigned *) data)++;
  return CXChildVisit_Continue;
}

static enum CXChildVisitResult visit_body (CXCursor child, CXCursor parent, CXClientData data);

static void
walk_body (Reading *reading, CXCursor cursor)
{
  Walk walk = { .reading = reading };

  clang_visitChildren (cursor, count_child, &walk.n);
  clang_visitChildren (cursor, visit_body, &walk);
}

static enum CXChildVisitResult
visit_body (CXCursor child, CXCursor parent, CXClientData data)
{
  Walk *walk = data;
  Reading *reading = walk->reading;
  unsigned index = walk->index++;

  if (clang_getCursorKind (child) == CXCursor_CallExpr)
    {
      CXCursor callee = clang_getCursorReferenced (child);

      if (clang_getCursorKind (callee) == CXCursor_FunctionDecl)
        {
          Call *call = g_new0 (Call, 1);

          call->caller = reading->inside;
          call->callee = intern (reading, callee);
          call->file = locate (child, &call->line);
          call->dropped = drops_value (clang_getCursorKind (parent), index, walk->n);
          g_ptr_array_add (reading->calls, call);
        }
    }
  walk_body (reading, child);
  return CXChildVisit_Continue;
}

static enum CXChildVisitResult
visit_top (CXCursor cursor, CXCursor parent G_GNUC_UNUSED, CXClientData data)
{
  Reading *reading = data;

  if (clang_getCursorKind (cursor) != CXCursor_FunctionDecl || clang_Location_isInSystemHeader (clang_getCursorLocation (cursor)))
    return CXChildVisit_Continue;

  Function *function = intern (reading, cursor);

  if (clang_isCursorDefinition (cursor))
    {
      function->defined = TRUE;
      g_free (function->file);
      function->file = locate (cursor, &function->line);
      reading->inside = function;
      walk_body (reading, cursor);
    }
  return CXChildVisit_Continue;
}

/* Whoever takes a GError ** and calls one that may suspend may itself; until nothing changes. */
static void
spread (Reading *reading)
{
  gboolean changed = TRUE;

  while (changed)
    {
      changed = FALSE;
      for (guint i = 0; i < reading->calls->len; i++)
        {
          Call *call = reading->calls->pdata[i];

          if (call->callee->suspends && !call->caller->suspends && call->caller->takes_error)
            call->caller->suspends = changed = TRUE;
        }
    }
}

static void
report (Reading *reading, const char *file, unsigned line, char *what)
{
  g_autofree char *path = g_canonicalize_filename (file, NULL);
  const char *shown = path;

  if (reading->root != NULL)
    {
      gsize length = strlen (reading->root);

      if (strncmp (path, reading->root, length) != 0 || path[length] != '/')
        {
          g_free (what);
          return;
        }
      shown = path + length + 1;
    }
  g_ptr_array_add (findings, g_strdup_printf ("%s:%u: %s", shown, line, what));
  g_free (what);
}

static void
judge (Reading *reading)
{
  for (guint i = 0; i < reading->calls->len; i++)
    {
      Call *call = reading->calls->pdata[i];

      if (!call->callee->suspends)
        continue;
      if (!call->caller->suspends && !call->caller->excused)
        report (reading, call->file, call->line,
                g_strdup_printf ("%s() takes no GError ** and is not marked TRIO_CHECKPOINT, so it must not suspend; it calls %s(), which may",
                                 call->caller->name, call->callee->name));
      if (call->dropped && call->callee->returns && (call->callee->must_use || !call->callee->marked))
        report (reading, call->file, call->line,
                g_strdup_printf ("the result of %s() is dropped, and with it the cancellation it may tell of", call->callee->name));
    }
}

/* TRUE if the file could be read. */
static gboolean
read_file (CXIndex index, const char *directory, const char *file, GPtrArray *arguments, const char *root)
{
  g_autofree char *path = g_canonicalize_filename (file, directory);
  CXTranslationUnit unit;
  enum CXErrorCode code;
  Reading reading = {
    .root = root,
    .by_usr = g_hash_table_new (g_str_hash, g_str_equal),
    .functions = g_ptr_array_new_with_free_func (function_free),
    .calls = g_ptr_array_new_with_free_func (call_free),
  };
  gboolean good;

  code = clang_parseTranslationUnit2 (index, path, (const char *const *) arguments->pdata, (int) arguments->len, NULL, 0,
                                      CXTranslationUnit_None, &unit);
  good = code == CXError_Success;
  for (unsigned i = 0; good && i < clang_getNumDiagnostics (unit); i++)
    {
      CXDiagnostic diagnostic = clang_getDiagnostic (unit, i);

      if (clang_getDiagnosticSeverity (diagnostic) >= CXDiagnostic_Error)
        {
          g_autofree char *text = take_string (clang_formatDiagnostic (diagnostic, CXDiagnostic_DisplaySourceLocation));

          g_printerr ("trio-lint: %s\n", text);
          good = FALSE;
        }
      clang_disposeDiagnostic (diagnostic);
    }
  if (good)
    {
      clang_visitChildren (clang_getTranslationUnitCursor (unit), visit_top, &reading);
      spread (&reading);
      judge (&reading);
    }
  else
    g_printerr ("trio-lint: %s could not be read\n", path);
  if (code == CXError_Success)
    clang_disposeTranslationUnit (unit);

  g_ptr_array_unref (reading.calls);
  g_hash_table_unref (reading.by_usr);
  g_ptr_array_unref (reading.functions);
  return good;
}

/* What of a compile command says how to read the file; not what says how to translate it, which is another compiler's language. */
static GPtrArray *
reading_arguments (CXCompileCommand command, const char *directory)
{
  GPtrArray *arguments = g_ptr_array_new_with_free_func (g_free);
  unsigned n = clang_CompileCommand_getNumArgs (command);

  g_ptr_array_add (arguments, g_strdup_printf ("-working-directory=%s", directory));
  for (unsigned i = 1; i < n; i++)
    {
      char *argument = take_string (clang_CompileCommand_getArg (command, i));
      gboolean apart = g_str_equal (argument, "-I") || g_str_equal (argument, "-D") || g_str_equal (argument, "-isystem")
                       || g_str_equal (argument, "-include");

      if (apart && i + 1 < n)
        {
          g_ptr_array_add (arguments, argument);
          g_ptr_array_add (arguments, take_string (clang_CompileCommand_getArg (command, ++i)));
        }
      else if (g_str_has_prefix (argument, "-I") || g_str_has_prefix (argument, "-D") || g_str_has_prefix (argument, "-U")
               || g_str_has_prefix (argument, "-isystem") || g_str_has_prefix (argument, "-std="))
        g_ptr_array_add (arguments, argument);
      else
        g_free (argument);
    }
  return arguments;
}

static int
compare_texts (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

/* A header is read with each file that includes it: everything is said once. */
static guint
print_findings (void)
{
  const char *last = "";
  guint n = 0;

  g_ptr_array_sort (findings, compare_texts);
  for (guint i = 0; i < findings->len; i++)
    {
      const char *text = findings->pdata[i];

      if (!g_str_equal (text, last))
        {
          g_print ("%s\n", text);
          n++;
        }
      last = text;
    }
  return n;
}

static const char usage[] =
  "Usage: trio-lint BUILD-DIRECTORY [--root DIRECTORY] [PART…]\n"
  "\n"
  "Reads the files of BUILD-DIRECTORY/compile_commands.json (Meson and CMake write one) and reports functions that may suspend\n"
  "although they do not look like it, and dropped results of those that may. With PARTs only files whose path contains one of them.\n"
  "Only what lies below --root is reported.\n"
  "\n"
  "Exit code: 0 nothing found, 1 something found, 2 wrong usage or a file that could not be read.\n";

int
main (int argc, char **argv)
{
  g_autofree char *root = NULL;
  const char *build = NULL;
  g_autoptr (GPtrArray) parts = g_ptr_array_new ();
  CXCompilationDatabase_Error why;
  CXCompilationDatabase database;
  guint n_files = 0, n_found;
  gboolean all_read = TRUE;

  for (int i = 1; i < argc; i++)
    {
      if (g_str_equal (argv[i], "--help"))
        {
          g_print ("%s", usage);
          return 0;
        }
      if (g_str_equal (argv[i], "--root") && i + 1 < argc)
        {
          g_free (root);
          root = g_canonicalize_filename (argv[++i], NULL);
        }
      else if (argv[i][0] == '-')
        build = NULL, i = argc;
      else if (build == NULL)
        build = argv[i];
      else
        g_ptr_array_add (parts, argv[i]);
    }
  if (build == NULL)
    {
      g_printerr ("%s", usage);
      return 2;
    }

  database = clang_CompilationDatabase_fromDirectory (build, &why);
  if (why != CXCompilationDatabase_NoError)
    {
      g_printerr ("trio-lint: there is no readable compile_commands.json in %s; name the directory that Meson or CMake builds in\n", build);
      return 2;
    }

  findings = g_ptr_array_new_with_free_func (g_free);
  CXIndex index = clang_createIndex (0, 0);
  CXCompileCommands commands = clang_CompilationDatabase_getAllCompileCommands (database);

  for (unsigned i = 0; i < clang_CompileCommands_getSize (commands); i++)
    {
      CXCompileCommand command = clang_CompileCommands_getCommand (commands, i);
      g_autofree char *file = take_string (clang_CompileCommand_getFilename (command));
      g_autofree char *directory = take_string (clang_CompileCommand_getDirectory (command));
      g_autoptr (GPtrArray) arguments = NULL;
      gboolean wanted = parts->len == 0;

      for (guint j = 0; j < parts->len; j++)
        wanted |= strstr (file, parts->pdata[j]) != NULL;
      if (!wanted || !g_str_has_suffix (file, ".c"))
        continue;
      arguments = reading_arguments (command, directory);
      all_read &= read_file (index, directory, file, arguments, root);
      n_files++;
    }
  n_found = print_findings ();
  g_printerr ("trio-lint: %u files read, %u findings\n", n_files, n_found);

  clang_CompileCommands_dispose (commands);
  clang_CompilationDatabase_dispose (database);
  clang_disposeIndex (index);
  g_ptr_array_unref (findings);
  return !all_read ? 2 : n_found > 0 ? 1 : 0;
}
