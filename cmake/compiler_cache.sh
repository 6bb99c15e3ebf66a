# What ccache is told; ./dev and tests/tidy/compiler_cache.sh read it.
#
# Two clones of the project share what was compiled once: paths below its root count as relative.
export CCACHE_BASEDIR=$PWD CCACHE_NOHASHDIR=1
# What may differ and still be the same: a precompiled header's macros, and __TIME__, which we have not.
export CCACHE_SLOPPINESS=pch_defines,time_macros
# Headers are known by their bytes, never by what the preprocessor left of them. A precompiled header remembers the
# bytes: found again for a header in which a comment had changed, it made g++ read that header twice ("multiple
# definition").
export CCACHE_DEPEND=1
# What was stored under other settings is not met: change the name with them.
export CCACHE_NAMESPACE=nattevagt-by-bytes
