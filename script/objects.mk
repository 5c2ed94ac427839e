# The module and the unit tests in any number of variants, for script/test: after one ./configure, without libtool,
# whose shells take longer than the compiler. In the directory to build in:
#
#   make -f script/objects.mk SOURCES=DIR CONFIGURED=DIR CC=clang FLAGS=-O0 [all|units]
#
# SOURCES     the sources       CONFIGURED   where configure has made a Makefile
include $(CONFIGURED)/Makefile.flags

objects := $(patsubst $(SOURCES)/%.c,%.o,$(shell find $(SOURCES)/src -name '*.c'))
units := $(patsubst $(SOURCES)/%.c,%,$(wildcard $(SOURCES)/t/unit/test_*.c))
compile = $(CC) $(DEVELOPER_CFLAGS) -g $(FLAGS) -fPIC -I$(SOURCES) -I$(SOURCES)/src $(APACHE_CPPFLAGS) $(APR_CFLAGS) \
	$(CURL_CFLAGS) $(JSONC_CFLAGS)
libraries = $(CURL_LIBS) $(JSONC_LIBS) $(APR_LIBS) $(LIBS)

.PHONY: all units
all: mod_session_initializer.so
units: $(units)

mod_session_initializer.so: mod_session_initializer.o $(objects)
	$(CC) $(FLAGS) -shared -o $@ $^ $(libraries)

# A unit test takes from it what it needs, and nothing that needs httpd.
all.a: $(objects)
	rm -f $@ && $(AR) rc $@ $^

$(units): %: %.o all.a
	$(CC) $(FLAGS) -o $@ $^ $(libraries) $(libraries_of_$(@F))

libraries_of_test_addresses = -lssl -lcrypto
libraries_of_test_stray_input = -lssl -lcrypto

mod_session_initializer.o $(objects) $(units:=.o): %.o: $(SOURCES)/%.c
	@mkdir -p $(@D)
	$(compile) -c -o $@ $<
