# SI_APACHE
# ---------
# Finds apxs and asks it where httpd's headers, modules and program are.
# Sets APXS, HTTPD (empty where only the headers are installed), APACHE_CPPFLAGS, apachelibexecdir.
AC_DEFUN([SI_APACHE], [
  AC_ARG_WITH([apxs],
    [AS_HELP_STRING([--with-apxs=FILE], [httpd's apxs program @<:@apxs or apxs2 of the PATH@:>@])],
    [], [with_apxs=yes])
  AC_ARG_WITH([apache-libexecdir],
    [AS_HELP_STRING([--with-apache-libexecdir=DIR], [install the module here @<:@where apxs says@:>@])],
    [], [with_apache_libexecdir=yes])

  si_path="$PATH$PATH_SEPARATOR/usr/local/apache2/bin$PATH_SEPARATOR/usr/local/sbin$PATH_SEPARATOR/usr/sbin"
  AS_CASE([$with_apxs],
    [no], [AC_MSG_ERROR([httpd's apxs is needed])],
    [yes], [AC_PATH_PROGS([APXS], [apxs apxs2], [], [$si_path])],
    [APXS=$with_apxs])
  AS_IF([test -z "$APXS"],
    [AC_MSG_ERROR([no apxs found: install httpd's development files (Debian: apache2-dev) or say --with-apxs=FILE])])

  AC_MSG_CHECKING([what $APXS says])
  si_includedir=`$APXS -q INCLUDEDIR 2>&AS_MESSAGE_LOG_FD`
  AS_IF([test -f "$si_includedir/httpd.h"], [], [
    AC_MSG_RESULT([nothing of use])
    AC_MSG_ERROR([no httpd.h where $APXS -q INCLUDEDIR points: "$si_includedir"])
  ])
  AS_IF([test "x$with_apache_libexecdir" = xyes],
    [apachelibexecdir=`$APXS -q LIBEXECDIR`],
    [apachelibexecdir=$with_apache_libexecdir])
  APACHE_CPPFLAGS="-I$si_includedir `$APXS -q EXTRA_CPPFLAGS`"
  si_sbindir=`$APXS -q SBINDIR`
  si_progname=`$APXS -q PROGNAME`
  AC_MSG_RESULT([headers in $si_includedir])

  AC_PATH_PROGS([HTTPD], [$si_progname apache2 httpd], [], [$si_sbindir$PATH_SEPARATOR$si_path])

  AC_SUBST([APACHE_CPPFLAGS])
  AC_SUBST([apachelibexecdir])
])
